#include "krb5lib.h"

#include "sallyport/base/mem.h"

#include <dlfcn.h>

/* The number says the interface; libk5crypto comes with it. */
#define LIBRARY "libkrb5.so.3"

const char *
krb5lib_load(struct krb5lib *k)
{
	void *so = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	krb5_error_code code;

	if (so == NULL)
		return dlerror();
#define KRB5LIB_FIND(name)                                                     \
	*(void **)(void *)&k->name = dlsym(so, "krb5_" #name);                 \
	if (k->name == NULL)                                                   \
		return dlerror();
	KRB5LIB_CALLS(KRB5LIB_FIND)
	code = k->init_context(&k->context);
	return code == 0 ? NULL : krb5lib_sentence(k, code);
}

const char *
krb5lib_sentence(const struct krb5lib *k, krb5_error_code code)
{
	return k->get_error_message(k->context, code);
}
