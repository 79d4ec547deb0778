/*
 * link.h - the connection's descriptors and the transport
 */
#ifndef SALLYPORT_SESSION_LINK_H
#define SALLYPORT_SESSION_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct session;

/* Watch the connection. */
void link_open(struct session *s);

/* Serve what was read already. */
void link_take(struct session *s);

/* After every turn of the loop: write what the turn made, once; go on with
 * what had to wait for that. */
void link_turn(struct session *s);

/* Octets that may be produced now; 0: the client doesn't read as fast as we
 * write. A few keystrokes still find room where a bulk transfer has to wait,
 * so who asks for bulk stays within the answer. */
size_t link_room(const struct session *s, bool keystrokes);

/* IPQoS, by what runs: interactive with a terminal, else bulk; and how much is
 * written ahead of what the terminal will say. To be asked whenever that may
 * have changed. */
void link_qos(struct session *s);

/* Write what can be written at once, and close. */
void link_close(struct session *s);

#endif
