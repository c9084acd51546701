// failure.c - see failure.h.
#include "frame/failure.h"

#include <string.h>

#include "os/os.h"

// Records for when there is no memory: one is free while nobody refers to it.
#define RESERVE 16
static struct failure reserve[RESERVE];

static bool is_of_reserve(const struct failure *failure) {
    return failure >= reserve && failure < reserve + RESERVE;
}

static struct failure *take_from_reserve(void) {
    for (int i = 0; i < RESERVE; i++) {
        int expected = 0;
        // acquire: pairs with failure_release: who had it before is done with it.
        if (atomic_cas_acquire(&reserve[i].references, &expected, 1)) {
            return &reserve[i];
        }
    }
    return NULL;
}

static const char *text_or_nothing(const char *text) {
    return text == NULL ? "" : text;
}

static size_t text_bytes(const struct tn_failure *told) {
    return strlen(text_or_nothing(told->message)) + strlen(text_or_nothing(told->path)) + 2;
}

// Copies a text to *to, which moves on behind it.
static const char *copy_text(char **to, const char *text) {
    const char *copy = *to;
    const size_t bytes = strlen(text_or_nothing(text)) + 1;
    memcpy(*to, text_or_nothing(text), bytes);
    *to += bytes;
    return copy;
}

static void copy_one(struct tn_failure *copy, const struct tn_failure *told, char **texts) {
    *copy = (struct tn_failure){.code = told->code, .file = told->file, .line = told->line};
    copy->message = copy_text(texts, told->message);
    copy->path = copy_text(texts, told->path);
}

static void fill_in(struct failure *failure, const struct tn_failure *told, size_t causes) {
    struct tn_failure *face = &failure->faces[FAILURE_OF_FRAME];
    char *texts = (char *)&failure->causes[causes];
    copy_one(face, told, &texts);
    struct tn_failure *last = face;
    for (size_t i = 0; i < causes; i++) {
        told = told->cause;
        copy_one(&failure->causes[i], told, &texts);
        last->cause = &failure->causes[i];
        last = &failure->causes[i];
    }
}

struct failure *failure_create(const struct tn_failure *told, uint64_t serial) {
    size_t causes = 0;
    size_t bytes = sizeof(struct failure) + text_bytes(told);
    for (const struct tn_failure *cause = told->cause; cause != NULL; cause = cause->cause) {
        causes++;
        bytes += sizeof *cause + text_bytes(cause);
    }
    struct failure *failure = os_allocate(bytes);
    struct tn_failure *face;
    if (failure != NULL) {
        atomic_store_relaxed(&failure->references, 1);
        face = &failure->faces[FAILURE_OF_FRAME];
        fill_in(failure, told, causes);
    } else if ((failure = take_from_reserve()) != NULL) {
        face = &failure->faces[FAILURE_OF_FRAME];
        *face = (struct tn_failure){.code = told->code, .file = told->file, .line = told->line};
        face->message = "(no memory to keep the message)";
        face->path = "";
    } else {
        return NULL;
    }
    failure->is_with_parent = false;
    failure->serial = serial;
    failure->faces[FAILURE_OF_CHILD] = *face;
    failure->faces[FAILURE_OF_RUN] = *face;
    return failure;
}

void failure_release(struct failure *failure) {
    const bool is_reserved = is_of_reserve(failure);
    // acq_rel: pairs with failure_release: the last one sees what all others did; and with
    // take_from_reserve.
    if (atomic_fetch_sub_acq_rel(&failure->references, 1) == 1 && !is_reserved) {
        os_free(failure);
    }
}

void failure_keep(struct failure **newest, struct failure *failure, enum failure_place place) {
    atomic_fetch_add_relaxed(&failure->references, 1);
    struct failure **at = newest;
    // A run takes them as they come: the first one gives it its code.
    while (place == FAILURE_OF_CHILD && *at != NULL && (*at)->serial > failure->serial) {
        at = &(*at)->older[place];
    }
    failure->older[place] = *at;
    *at = failure;
}

void failure_drop(struct failure **newest, enum failure_place place) {
    struct failure *failure;
    while ((failure = *newest) != NULL) {
        *newest = failure->older[place];
        failure_release(failure);
    }
}

const struct tn_failure *failure_show(struct failure *newest, enum failure_place place) {
    const struct tn_failure *next = NULL;
    for (struct failure *at = newest; at != NULL; at = at->older[place]) {
        struct tn_failure *face = &at->faces[place];
        if (face->next != next) { // somebody may be reading what stays as it is
            face->next = next;
        }
        next = face;
    }
    return next;
}
