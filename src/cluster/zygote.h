// zygote.h - how a process of this program comes to run DFrames instead of main.
//
// A zygote (os/zygote.h) is caught when the program's own DFrames announce themselves, which is
// before main. By then every library that the program is linked with has been set up, but not all
// of the program: constructors of its own that come later are not called in it, nor in the
// processes that are made of it. So a program that has no DFrames itself, only in its libraries or
// plug-ins, can have no processes; and the functions of plug-ins are not known in them.
//
// Its owner asks for processes by post (os/share.h). What is said, in the words of a parcel:
//
//     from the owner     MAKE    peer, bytes of the memory; with the memory, the process's bell and
//                                the owner's bell
//     from the zygote    MADE    peer, its number; with its handle
//                        FAILED  peer, code
//                        ENDED   peer, enum link_detail or how `down` says it
//
// When the owner has ended, or closed the post, the zygote waits for its processes to leave by
// themselves, half a second at most, kills those that are left, and ends.
//
// Invariant: each MAKE is answered by MADE or FAILED, and MADE is followed by ENDED, unless the
// zygote is killed.
// Start reading at zygote_serve_if_caught in zygote.c.
#ifndef TENON_CLUSTER_ZYGOTE_H
#define TENON_CLUSTER_ZYGOTE_H

#include "cluster/link.h"

enum zygote_word { ZYGOTE_MAKE = 1, ZYGOTE_MADE, ZYGOTE_FAILED, ZYGOTE_ENDED };

// What a process does: with the link to its owner, and what that greets it with. What it returns is
// the exit code. Tests put another function here, before the program's DFrames announce themselves.
extern int (*zygote_body)(struct link *link, const void *greeting, size_t bytes);

// Serves and does not return if this process is a zygote. Otherwise it returns at once.
void zygote_serve_if_caught(void);

#endif
