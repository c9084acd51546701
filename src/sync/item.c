// item.c - see item.h.
#include "sync/item.h"

#include "base/bits.h"
#include "frame/current.h"
#include "frame/room.h"

int item_measure(size_t element_bytes, const void *view, size_t *bytes) {
    struct item_view item;
    memcpy(&item, view, sizeof item);
    if (item.count > TN_ITEM_BYTES_MAX / element_bytes) {
        return TN_TOO_LONG;
    }
    *bytes = item.count * element_bytes;
    return TN_OK;
}

int item_copy(size_t element_bytes, const void *view, struct item_view *item) {
    size_t bytes;
    memcpy(item, view, sizeof *item);
    const int code = item_measure(element_bytes, view, &bytes);
    if (code != TN_OK || bytes == 0) {
        *item = (struct item_view){NULL, 0};
        return code;
    }
    const size_t whole = bits_round_up(bytes, 8);
    struct room *room = room_make_alone(whole);
    if (room == NULL) {
        *item = (struct item_view){NULL, 0};
        return TN_NO_MEMORY;
    }
    memset(room->elements + whole - 8, 0, 8);
    memcpy(room->elements, item->data, bytes);
    item->data = room->elements;
    return TN_OK;
}

void item_receive(struct tn_self *self, const struct item_view *item) {
    if (item->data != NULL && !current_is_outside(self)) {
        room_receive(self, room_at(item->data));
    }
}

void item_drop(void *item) {
    struct item_view view;
    memcpy(&view, item, sizeof view);
    if (view.data != NULL) {
        room_free_all(room_at(view.data));
    }
}
