// room.c - see room.h.
#include "frame/room.h"

#include <tenon/result.h>

#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"

static void hold(struct room **list, struct room *room, struct frame *owner) {
    room->owner = owner;
    room->older = *list;
    room->held_by = list;
    if (room->older != NULL) {
        room->older->held_by = &room->older;
    }
    *list = room;
}

struct room *room_make(struct frame *frame, size_t bytes) {
    struct room *room = bytes > SIZE_MAX - sizeof *room ? NULL : os_allocate(sizeof *room + bytes);
    if (room != NULL) {
        hold(&frame->rooms, room, frame);
    }
    return room;
}

struct room *room_take(struct frame *frame) {
    struct room *rooms = frame->rooms;
    frame->rooms = NULL;
    return rooms;
}

struct room *room_take_received(struct frame *frame) {
    struct room *rooms = frame->received;
    frame->received = NULL;
    return rooms;
}

void room_receive_some(struct tn_self *self, struct room *rooms) {
    // Without memory for a frame of its own, the nearest one around it keeps them.
    struct frame *frame = frame_current(self);
    frame = frame != NULL ? frame : frame_nearest(self);
    while (rooms != NULL) {
        struct room *older = rooms->older;
        hold(&frame->received, rooms, frame);
        rooms = older;
    }
}

void room_free_all(struct room *rooms) {
    while (rooms != NULL) {
        struct room *older = rooms->older;
        os_free(rooms);
        rooms = older;
    }
}

static bool is_root(const struct frame *frame) {
    return frame == frame->run->root;
}

void *tn_room(struct tn_self *self, size_t bytes) {
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return NULL;
    }
    if (is_root(frame)) {
        (void)misuse(TN_NO_OWNER,
                     "tn_room in %s, which is root: nobody awaits it, so nobody would own its "
                     "result; spawn it from a root that does something with the result",
                     frame->type->name);
        return NULL;
    }
    struct room *room = room_make(frame, bytes);
    return room == NULL ? NULL : room->elements;
}

int tn_room_free(struct tn_self *self, const void *data) {
    if (data == NULL) {
        return TN_OK;
    }
    struct room *room = container_of((uintptr_t)data, struct room, elements);
    if (room->owner != frame_nearest(self)) {
        return misuse(TN_NOT_YOURS, "tn_room_free by another frame than the one that has the room: "
                                    "let that one free it, or leave it until that ends");
    }
    *room->held_by = room->older;
    if (room->older != NULL) {
        room->older->held_by = room->held_by;
    }
    os_free(room);
    return TN_OK;
}
