// tenon/result.h - results that are text, bytes or arrays: where their elements lie.
//
//     TN_DFRAME(tn_text, greet, (tn_text, name)) {
//         char *text = (char *)tn_room(self, name.count + 7);
//         if (text == NULL) return (tn_text){NULL, 0};
//         memcpy(text, "Hello, ", 7);
//         memcpy(text + 7, name.data, name.count);
//         return (tn_text){text, name.count + 7};
//     }
//
//     tn_task(greet) task = tn_spawn(greet, tn_text_of("Ada"));
//     tn_text text = tn_await(greet, task);       // belongs to this frame from now on
//     ...
//     tn_room_free(self, text.data);              // or at the end of this frame, by itself
//
// A result that is a view (tenon/data.h) is where its elements lie, and how many there are; so they
// must lie in memory that outlives the frame that returns them. A room is such memory. It belongs
// to the frame that made it; when that has ended and is awaited, to the frame that awaits it, until
// that one's end. A result that is not awaited goes with its frame, and one that others read
// (tn_join in tenon/frame.h) stays as long as the handle by which they do. A frame that ends in any
// other way than with a result leaves no room.
//
// So it is at every level. From a DFrame that ran in another process the elements come back in a
// room of the frame that awaits it, however long they are. A room of more than 32 KiB is made, in a
// DFrame that runs elsewhere, in memory that both processes see, so that its elements are not
// copied (1 GiB for each process; beyond that they are): it is lent until tn_room_free, or the end
// of that frame, and stays readable when its process has ended. What is returned is not to be
// written to, by either side.
//
// What a DFrame returns lies in a room of its own, in one of its arguments, or in a constant of the
// program. A view of a local variable, or of what one of its own children has returned, is gone
// when it ends: copy that into a room. Root has nobody who awaits it, and gets no room; nor does
// what an executor runs on a thread of its own (blocking_threads in tenon/executor.h).
//
// The result of an item of an executor or a map comes with its rooms too: tn_take and tn_map_next
// make them the taking frame's, as an await does. What tn_result reads stays the item's until the
// future is used up or its executor goes.
#ifndef TENON_RESULT_H
#define TENON_RESULT_H

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// Room for `bytes` bytes of the current frame's result, at a multiple of 16, not zeroed. NULL: no
// memory, or (a programmer's error) the current frame is root, or there is none.
TN_PUBLIC void *tn_room(struct tn_self *self, size_t bytes);

// Gives a room back before its frame ends: for loops that await many results. `data` is where the
// room begins, as tn_room said, or the view that was awaited, if its function has made a room for
// it; NULL: nothing. By the frame it belongs to. Returns TN_OK; TN_NOT_YOURS when another frame is
// seen to do it (a programmer's error).
TN_PUBLIC int tn_room_free(struct tn_self *self, const void *data);

#ifdef __cplusplus
}
#endif

#endif
