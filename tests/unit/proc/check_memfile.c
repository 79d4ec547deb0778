#include "children.h"
#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"

#include <fcntl.h>
#include <sys/mman.h>

START_TEST(gives_back_what_was_put_in)
{
	static const size_t sizes[] = {0, 1, 4096, 300000};
	SCOPED(mem_free_at) uint8_t *data = mem_new(300000);
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(1 << 20);
	struct slice in = slice_make(data, sizes[_i]);
	int fd;

	for (size_t i = 0; i < in.n; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	ck_assert_int_eq(memfile_make("test", in, &fd), OK);
	ck_assert_int_eq(memfile_read(fd, &out), OK);
	ck_assert(slice_equal(buf_slice(&out), in));
	/* wherever the shared offset is, it is read whole, and appended */
	ck_assert_int_eq(memfile_read(fd, &out), OK);
	ck_assert_uint_eq(out.n, 2 * in.n);
	io_close(&fd);
}
END_TEST

START_TEST(cannot_be_changed)
{
	void *map;
	int fd;

	ck_assert_int_eq(memfile_make("test", SLICE_STR("abc"), &fd), OK);
	ck_assert_int_lt(pwrite(fd, "x", 1, 0), 0);
	ck_assert_int_lt(ftruncate(fd, 1), 0);
	ck_assert_int_lt(ftruncate(fd, 100), 0);
	map = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_eq(map, MAP_FAILED);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	io_close(&fd);
}
END_TEST

START_TEST(obeys_the_readers_limit)
{
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(3);
	int fd;

	ck_assert_int_eq(memfile_make("test", SLICE_STR("abcd"), &fd), OK);
	ck_assert_int_eq(memfile_read(fd, &out), ERR_TOO_LONG);
	ck_assert_uint_eq(out.n, 0);
	io_close(&fd);
}
END_TEST

/* Anything whose octets somebody can still change is refused. */
START_TEST(refuses_what_is_not_sealed)
{
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	int open_file = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int plain = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int ends[2];

	ck_assert_int_eq(io_pipe(ends), OK);
	ck_assert_int_eq(write(open_file, "abc", 3), 3);
	ck_assert_int_eq(memfile_read(open_file, &out), ERR_RPC);
	ck_assert_int_eq(fcntl(open_file, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ck_assert_int_eq(memfile_read(open_file, &out), ERR_RPC);
	ck_assert_int_eq(memfile_read(plain, &out), ERR_RPC);
	ck_assert_int_eq(memfile_read(ends[0], &out), ERR_RPC);
	ck_assert_int_eq(memfile_read(-1, &out), ERR_RPC);
	ck_assert_uint_eq(out.n, 0);
	close(open_file);
	close(plain);
	io_close(&ends[0]);
	io_close(&ends[1]);
}
END_TEST

TCase *
check_memfile(void)
{
	TCase *tc = tcase_create("proc/memfile");

	tcase_add_loop_test(tc, gives_back_what_was_put_in, 0, 4);
	tcase_add_test(tc, cannot_be_changed);
	tcase_add_test(tc, obeys_the_readers_limit);
	tcase_add_test(tc, refuses_what_is_not_sealed);
	return tc;
}
