// room.c - see room.h.
#include "frame/room.h"

#include <string.h>

#include <tenon/result.h>

#include "frame/elsewhere.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"

// What is shorter is copied when it travels, which costs less than a loan.
enum { ROOM_LONG_BYTES = 4096 };

static void hold(struct room **list, struct room *room, struct frame *owner) {
    room->owner = owner;
    room->older = *list;
    room->held_by = list;
    if (room->older != NULL) {
        room->older->held_by = &room->older;
    }
    *list = room;
}

static bool begins_page(const void *elements) {
    return (uintptr_t)elements % ROOM_LENT_ALIGNMENT == 0;
}

struct room *room_make_alone(size_t bytes) {
    enum { SHIFT = 16 };
    const size_t extra = sizeof(struct room) + SHIFT;
    unsigned char *memory = bytes > SIZE_MAX - extra ? NULL : os_allocate(extra + bytes);
    if (memory == NULL) {
        return NULL;
    }
    const bool shifts = begins_page(memory + sizeof(struct room));
    struct room *room = (struct room *)(void *)(memory + (shifts ? SHIFT : 0));
    room->memory = memory;
    room->owner = NULL;
    room->older = NULL;
    room->held_by = NULL;
    return room;
}

struct room *room_make(struct frame *frame, size_t bytes) {
    struct room *room = room_make_alone(bytes);
    if (room != NULL) {
        hold(&frame->rooms, room, frame);
    }
    return room;
}

struct room *room_at(const void *elements) {
    return container_of((uintptr_t)elements, struct room, elements);
}

void *room_take_apart(struct room *room) {
    return room->memory;
}

struct room *room_make_lent(struct frame *frame, const struct room_loan *loan) {
    ASSERT(begins_page(loan->at));
    struct room *room = os_allocate(sizeof *room + sizeof *loan);
    if (room != NULL) {
        room->memory = NULL;
        memcpy(room->elements, loan, sizeof *loan);
        hold(&frame->rooms, room, frame);
    }
    return room;
}

static struct room_loan *loan_of(struct room *room) {
    return room->memory == NULL ? (struct room_loan *)(void *)room->elements : NULL;
}

static struct room *find_lent(struct room *rooms, const void *at) {
    while (rooms != NULL && (rooms->memory != NULL || loan_of(rooms)->at != at)) {
        rooms = rooms->older;
    }
    return rooms;
}

static void unlink_room(struct room *room) {
    if (room->held_by == NULL) { // got by a thread in no run
        return;
    }
    *room->held_by = room->older;
    if (room->older != NULL) {
        room->older->held_by = room->held_by;
    }
}

static void drop(struct room *room) {
    const struct room_loan *loan = loan_of(room);
    if (loan != NULL) {
        loan->give_back(loan->lender, loan->what);
    }
    os_free(loan != NULL ? room : room->memory);
}

bool room_take_loan(struct frame *frame, const void *at, struct room_loan *loan) {
    struct room *room = begins_page(at) ? find_lent(frame->rooms, at) : NULL;
    if (room != NULL) {
        *loan = *loan_of(room);
        unlink_room(room);
        os_free(room);
    }
    return room != NULL;
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
        drop(rooms);
        rooms = older;
    }
}

static bool is_root(const struct frame *frame) {
    return frame == frame->run->root;
}

// Nearer to where the result goes, if its body knows of such a place.
static void *make_lent(struct frame *frame, size_t bytes) {
    struct room_loan loan;
    if (frame->body == NULL || frame->body->lend == NULL ||
        !frame->body->lend(frame, bytes, &loan)) {
        return NULL;
    }
    if (room_make_lent(frame, &loan) == NULL) {
        loan.give_back(loan.lender, loan.what);
        return NULL;
    }
    return (void *)(uintptr_t)loan.at;
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
    void *lent = bytes < ROOM_LONG_BYTES ? NULL : make_lent(frame, bytes);
    if (lent != NULL) {
        return lent;
    }
    struct room *room = room_make(frame, bytes);
    return room == NULL ? NULL : room->elements;
}

// The room that begins there; a lent one is looked for in what the frame has.
static struct room *find_room(struct frame *frame, const void *data) {
    if (!begins_page(data)) {
        return room_at(data);
    }
    struct room *room = frame == NULL ? NULL : find_lent(frame->received, data);
    return room != NULL || frame == NULL ? room : find_lent(frame->rooms, data);
}

int tn_room_free(struct tn_self *self, const void *data) {
    if (data == NULL) {
        return TN_OK;
    }
    struct frame *frame = frame_nearest(self);
    struct room *room = find_room(frame, data);
    if (room == NULL || room->owner != frame) {
        return misuse(TN_NOT_YOURS, "tn_room_free by another frame than the one that has the room: "
                                    "let that one free it, or leave it until that ends");
    }
    unlink_room(room);
    drop(room);
    return TN_OK;
}
