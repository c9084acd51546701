// item.h - items of a process queue that are text, bytes or arrays: where their elements lie.
//
// In the queue, and wherever else it stands in line, such an item is a view of a room that is alone
// (frame/room.h), with a copy of what was put in. Whoever has the view has the room.
//
//            item_copy               put, get                item_receive
//    (none) ----------> who puts -------------> who gets -------------------> a frame's own
//                          \------ item_drop ------/
//
// Invariant: such a view is in one place. Without elements it has no room. Start reading at
// item_copy in item.c.
#ifndef TENON_SYNC_ITEM_H
#define TENON_SYNC_ITEM_H

#include <tenon/process_queue.h>

// What every view of tenon/data.h looks like.
struct item_view {
    const void *data; // NULL: there are no elements
    size_t count;
};

// Of what such items are the elements have so many bytes; 0: of others.
static inline size_t item_element_bytes(const struct tn_data_type *type) {
    const bool is_view = type != NULL && type->fields->kind >= TN_DATA_TEXT;
    return is_view ? type->fields->element_bytes : 0;
}

// How many bytes the elements of `view` have: TN_OK, or TN_TOO_LONG.
int item_measure(size_t element_bytes, const void *view, size_t *bytes);

// A view of a copy of the elements: TN_OK, TN_TOO_LONG, TN_NO_MEMORY. Behind them, up to a multiple
// of 8, are zeros.
int item_copy(size_t element_bytes, const void *view, struct item_view *item);

// The room belongs to the frame that is current on `self` from now on; a thread in no run has to
// free it itself.
void item_receive(struct tn_self *self, const struct item_view *item);

// The elements go. `item` is a struct item_view, at any address.
void item_drop(void *item);

#endif
