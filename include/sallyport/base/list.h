/*
 * list.h - intrusive doubly linked list
 *
 *     struct item { struct link link; ... };
 *     struct link all = LIST_INIT(all);
 *     list_add_tail(&all, &item->link);
 *     LIST_EACH(it, &all) use(LIST_ITEM(it, struct item, link));
 *
 * LIST_EACH_SAFE allows the current element to be removed.
 */
#ifndef SALLYPORT_BASE_LIST_H
#define SALLYPORT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *next;
	struct link *prev;
};

#define LIST_INIT(name)                                                        \
	{                                                                      \
		&(name), &(name)                                               \
	}
#define LIST_ITEM(l, type, member)                                             \
	((type *)(void *)((char *)(l)-offsetof(type, member)))
#define LIST_EACH(it, head)                                                    \
	for (struct link *it = (head)->next; it != (head); it = it->next)
#define LIST_EACH_SAFE(it, head)                                               \
	for (struct link *it = (head)->next, *it##_next = it->next;            \
	     it != (head); it = it##_next, it##_next = it->next)

static inline void
list_init(struct link *head)
{
	head->next = head->prev = head;
}

static inline bool
list_empty(const struct link *head)
{
	return head->next == head;
}

static inline void
list_add_tail(struct link *head, struct link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* A removed link points to itself: removing it twice does no harm. */
static inline void
list_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->next = l->prev = l;
}

#endif
