// baggage.c - see baggage.h.
#include "cluster/baggage.h"

#include <stdio.h>
#include <string.h>

#include "os/os.h"

// ---- names of files --------------------------------------------------------------------------

// Failures refer to the names of files for as long as somebody may look back at them, so those that
// arrive are kept for good; there are few.
#define FILES_MAX 1000

struct file_name {
    struct file_name *next;
    char text[];
};

static struct os_lock lock = OS_LOCK_INIT;
static struct file_name *names;
static int names_count;

static const char *find_name(const char *text) {
    for (const struct file_name *name = names; name != NULL; name = name->next) {
        if (strcmp(name->text, text) == 0) {
            return name->text;
        }
    }
    return NULL;
}

static const char *keep_name(const char *text) {
    os_lock_acquire(&lock);
    const char *kept = find_name(text);
    if (kept == NULL && names_count < FILES_MAX) {
        const size_t bytes = strlen(text) + 1;
        struct file_name *name = os_allocate(sizeof *name + bytes);
        if (name != NULL) {
            memcpy(name->text, text, bytes);
            name->next = names;
            names = name;
            names_count++;
            kept = name->text;
        }
    }
    os_lock_release(&lock);
    return kept != NULL ? kept : "elsewhere";
}

// ---- writing ---------------------------------------------------------------------------------

struct writer {
    unsigned char *at;
};

static void write_word(struct writer *writer, uint32_t word) {
    memcpy(writer->at, &word, sizeof word);
    writer->at += sizeof word;
}

static void write_text(struct writer *writer, const char *text) {
    const size_t whole = strlen(text);
    const size_t bytes = whole < BAGGAGE_TEXT_MAX ? whole : BAGGAGE_TEXT_MAX;
    write_word(writer, (uint32_t)bytes);
    memcpy(writer->at, text, bytes);
    writer->at[bytes] = 0;
    writer->at += bytes + 1;
}

static const char *behind(const char *path, const char *prefix) {
    const size_t bytes = strlen(prefix);
    return strncmp(path, prefix, bytes) == 0 ? path + bytes : path;
}

size_t baggage_write_failure(const struct tn_failure *failure, const char *prefix, void *buffer,
                            size_t room) {
    struct writer writer = {buffer};
    uint32_t count = 0;
    if (room < BAGGAGE_FAILURE_MAX) {
        return 0;
    }
    write_word(&writer, 0);
    for (; failure != NULL && count < BAGGAGE_FAILURES_MAX; failure = failure->cause) {
        write_word(&writer, (uint32_t)failure->code);
        write_word(&writer, failure->line);
        write_text(&writer, failure->message);
        write_text(&writer, behind(failure->path, prefix));
        write_text(&writer, failure->file);
        count++;
    }
    memcpy(buffer, &count, sizeof count);
    return (size_t)(writer.at - (unsigned char *)buffer);
}

// ---- reading ---------------------------------------------------------------------------------

struct reader {
    const unsigned char *at;
    size_t left;
};

static bool read_word(struct reader *reader, uint32_t *word) {
    if (reader->left < sizeof *word) {
        return false;
    }
    memcpy(word, reader->at, sizeof *word);
    reader->at += sizeof *word;
    reader->left -= sizeof *word;
    return true;
}

static bool read_text(struct reader *reader, const char **text) {
    uint32_t bytes;
    if (!read_word(reader, &bytes) || bytes > BAGGAGE_TEXT_MAX || reader->left < bytes + 1 ||
        memchr(reader->at, 0, bytes + 1) != reader->at + bytes) {
        return false;
    }
    *text = (const char *)reader->at;
    reader->at += bytes + 1;
    reader->left -= bytes + 1;
    return true;
}

bool baggage_read_failure(const void *buffer, size_t bytes, const char *prefix,
                         struct baggage_failure *baggage) {
    struct reader reader = {buffer, bytes};
    uint32_t count;
    if (!read_word(&reader, &count) || count < 1 || count > BAGGAGE_FAILURES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct tn_failure *failure = &baggage->failures[i];
        uint32_t code, line;
        const char *message, *path, *file;
        if (!read_word(&reader, &code) || !read_word(&reader, &line) ||
            !read_text(&reader, &message) || !read_text(&reader, &path) ||
            !read_text(&reader, &file) || (int32_t)code >= 0) {
            return false;
        }
        (void)snprintf(baggage->paths[i], sizeof baggage->paths[i], "%s%s", prefix, path);
        *failure = (struct tn_failure){.code = (int32_t)code,
                                       .message = message,
                                       .path = baggage->paths[i],
                                       .file = keep_name(file),
                                       .line = line};
        if (i > 0) {
            baggage->failures[i - 1].cause = failure;
        }
    }
    return reader.left == 0;
}
