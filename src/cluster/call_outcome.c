// call_outcome.c - what a DFrame that has run elsewhere leaves to its frame: see call_private.h.
#include "cluster/call_private.h"

#include <stdio.h>
#include <string.h>

#include <tenon/dframe.h>

#include "cluster/baggage.h"
#include "cluster/copy.h"
#include "frame/cancel.h"
#include "frame/fail.h"
#include "frame/room.h"
#include "frame/run.h"

// ---- results ---------------------------------------------------------------------------------

// Elements that were written in lent memory stay there. False: they were not, or can't.
static bool keep_lent(struct call *call, const void *payload, const void *elements) {
    struct link_kept kept;
    if ((uintptr_t)elements % ROOM_LENT_ALIGNMENT != 0 ||
        !link_keep(call->bridge->ear.link, payload, &kept)) {
        return false;
    }
    const struct room_loan loan = {elements, kept.let_go, kept.memory, kept.what};
    if (room_make_lent(call->frame, &loan) == NULL) {
        kept.let_go(kept.memory, kept.what);
        return false;
    }
    return true;
}

// The elements of a view lie in the message: they get a room of the frame, as its function would
// have made one here.
static int keep_elements(struct call *call, const struct tn_data_field *field,
                         const void *payload) {
    struct frame *frame = call->frame;
    struct schema_view view;
    memcpy(&view, call->result, sizeof view);
    const size_t bytes = view.count * field->element_bytes;
    if (bytes > 0 && keep_lent(call, payload, view.data)) {
        return TN_OK;
    }
    struct room *room = bytes == 0 ? NULL : room_make(frame, bytes);
    if (room == NULL) {
        view = (struct schema_view){NULL, 0};
    } else {
        memcpy(room->elements, view.data, bytes);
        view.data = room->elements;
    }
    memcpy(call->result, &view, sizeof view);
    return bytes == 0 || room != NULL ? TN_OK : TN_NO_MEMORY;
}

static int keep_result(struct call *call, const struct owner_outcome *outcome) {
    const struct tn_data_type *result = call->type->travel->result;
    if (result == NULL) {
        return outcome->bytes == 0 ? TN_OK : TN_MALFORMED;
    }
    if (!copy_read(result, outcome->payload, outcome->bytes, call->result)) {
        return TN_MALFORMED;
    }
    return schema_is_view(result->fields) ? keep_elements(call, result->fields, outcome->payload)
                                          : TN_OK;
}

void call_keep_outcome(struct call *call, const struct owner_outcome *outcome) {
    if (outcome->code == TN_OK) {
        call->code = keep_result(call, outcome);
        call->bridge->is_lied_to = call->code == TN_MALFORMED;
    } else if (outcome->bytes > 0 && outcome->bytes <= BAGGAGE_BYTES_MAX) {
        call->failure = os_allocate(outcome->bytes);
        if (call->failure != NULL) {
            memcpy(call->failure, outcome->payload, outcome->bytes);
            call->failure_bytes = outcome->bytes;
        }
    }
}

// ---- ends ------------------------------------------------------------------------------------

static void fail_here(struct tn_self *self, struct call *call, int code, const char *message) {
    const struct frame *frame = call->frame;
    fail_told(self, &(const struct tn_failure){.code = code,
                                               .message = message,
                                               .file = frame->type->file,
                                               .line = frame->line});
}

// The first failure is the frame's; those that happened beside it are told as well.
static void fail_as_told(struct tn_self *self, struct call *call) {
    char path[BAGGAGE_TEXT_MAX];
    struct baggage_group *group = call->failure == NULL ? NULL : os_allocate(sizeof *group);
    struct baggage_reader reader = {call->failure, call->failure_bytes};
    bool is_first = true;
    (void)tn_frame_path((const struct tn_frame *)(void *)call->frame, path, sizeof path);
    while (group != NULL && baggage_read(&reader, path, group)) {
        if (is_first) {
            group->failures[0].code = call->code;
            fail_told(self, &group->failures[0]);
        } else {
            fail_told_beside(call->frame, &group->failures[0]);
        }
        is_first = false;
    }
    if (is_first) {
        fail_here(self, call, call->code, tn_status_text(call->code));
    }
    os_free(group);
}

static void take_code(struct tn_self *self, struct call *call) {
    struct frame *frame = call->frame;
    if (call->code == TN_TIMED_OUT) {
        frame->has_timed_out = true;
    } else if (call->code == TN_REMOVED) {
        (void)cancel_request(frame, TN_CANCELLED);
    } else if (call->code < 0) {
        fail_as_told(self, call);
    }
}

void call_finish(struct tn_self *self, struct call *call) {
    char message[BRIDGE_TEXT_BYTES + 64];
    if (call->end == OWNER_DONE) {
        take_code(self, call);
    } else if (call->end == OWNER_LOST || call->end == OWNER_POISONED) {
        const bool is_lost = call->end == OWNER_LOST;
        (void)snprintf(message, sizeof message, "%s%s", call->how_lost,
                       is_lost ? "" : ", as often as it may");
        fail_here(self, call, is_lost ? TN_LOST : TN_POISONED, message);
    }
}
