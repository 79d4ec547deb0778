/*
 * sk.h - FIDO keys: what their signature is over
 *
 * Source:  W3C Web Authentication §5.8.1, §6.1; OpenSSH's use of it
 * Runs in: keycheck. No I/O.
 *
 *      SHA-256(application) ‖ flags ‖ counter ‖ SHA-256(message)
 *      webauthn:
 *      SHA-256(application) ‖ flags ‖ counter ‖ extensions
 *          ‖ SHA-256(clientData), where clientData names the message
 */
#ifndef SALLYPORT_KEY_SK_H
#define SALLYPORT_KEY_SK_H

#include "sallyport/base/buf.h"
#include "sallyport/key/sig.h"

#define SK_PRESENT    0x01u /* the user touched it */
#define SK_VERIFIED   0x04u /* PIN or finger was checked */
#define SK_ATTESTED   0x40u
#define SK_EXTENSIONS 0x80u

/*
 * Append the octets that the key signed when it was asked to sign message.
 * ERR_FORMAT: webauthn's flags or clientData don't fit message and origin.
 */
MUST_USE enum err sk_signed_data(struct slice application, const struct sig *s,
    struct slice message, struct buf *out);

#endif
