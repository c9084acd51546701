// follow.h - a frame that has ended becomes the next one, where it is.
//
// Who runs one short function after another, each as a child of the same parent, would make a frame
// and a stack for each, and switch there and back. A frame that has left nothing, and of which
// nobody else knows, need not go for that: it becomes the next child of its parent, on its stack.
//
//             frame_is_bare               frame_follow
//    RUNNING ---------------> (as it was) ------------> RUNNING, and new
//                                  \--- frame_end, as any other ---> ENDING
//
// Invariant: all that anybody could know of the one before is what its parent's list shows, and
// that changes under the parent's lock, if it changes. Start reading at frame_follow.
#ifndef TENON_FRAME_FOLLOW_H
#define TENON_FRAME_FOLLOW_H

#include "frame/frame.h"

// The function of the frame, which runs on a stack of its own, has returned: is its end over
// thereby? Then nothing is left that would have to be removed, disposed of or cleaned, and its
// outcome is TN_OK. On that stack.
bool frame_is_bare(struct frame *frame);

// At a glance, is it one that could become another? Else there is no use in waiting for that one.
bool frame_may_follow(const struct frame *frame);

// A bare frame that was forgotten becomes a new one of this type, spawned in this line, whose
// arguments and result find room in its task. False: somebody else knows of it, it is to end, or
// has waited; then it ends as any other. On its stack.
bool frame_follow(struct frame *frame, const struct tn_type *type, unsigned line,
                  const void *arguments);

// The same for another one of its own type, spawned in the same line, without the lock of its
// parent: nothing changes that anybody could see. Who comes to know it at that moment knows the
// next one. The caller writes the arguments.
bool frame_follow_itself(struct frame *frame);

#endif
