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

// A cause that the program made itself may have any path.
static void write_path(struct writer *writer, const char *path, const char *prefix) {
    const size_t bytes = strlen(prefix);
    const bool is_below = strncmp(path, prefix, bytes) == 0;
    write_word(writer, is_below);
    write_text(writer, is_below ? path + bytes : path);
}

static void write_group(struct writer *writer, const struct tn_failure *failure,
                        const char *prefix) {
    unsigned char *const begin = writer->at;
    uint32_t count = 0;
    write_word(writer, 0);
    for (; failure != NULL && count < BAGGAGE_FAILURES_MAX; failure = failure->cause) {
        write_word(writer, (uint32_t)failure->code);
        write_word(writer, failure->line);
        write_text(writer, failure->message);
        write_path(writer, failure->path, prefix);
        write_text(writer, failure->file);
        count++;
    }
    memcpy(begin, &count, sizeof count);
}

size_t baggage_write(const struct tn_failure *const *failures, unsigned count, const char *prefix,
                     void *buffer) {
    struct writer writer = {buffer};
    for (unsigned i = 0; i < count; i++) {
        write_group(&writer, failures[i], prefix);
    }
    return (size_t)(writer.at - (unsigned char *)buffer);
}

// ---- reading ---------------------------------------------------------------------------------

static bool read_word(struct baggage_reader *reader, uint32_t *word) {
    if (reader->left < sizeof *word) {
        return false;
    }
    memcpy(word, reader->at, sizeof *word);
    reader->at += sizeof *word;
    reader->left -= sizeof *word;
    return true;
}

static bool read_text(struct baggage_reader *reader, const char **text) {
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

bool baggage_read(struct baggage_reader *reader, const char *prefix, struct baggage_group *group) {
    uint32_t count;
    if (!read_word(reader, &count) || count < 1 || count > BAGGAGE_FAILURES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct tn_failure *failure = &group->failures[i];
        uint32_t code, line, is_below;
        const char *message, *path, *file;
        if (!read_word(reader, &code) || !read_word(reader, &line) ||
            !read_text(reader, &message) || !read_word(reader, &is_below) ||
            !read_text(reader, &path) || !read_text(reader, &file) || (int32_t)code >= 0) {
            return false;
        }
        (void)snprintf(group->paths[i], sizeof group->paths[i], "%s%s", is_below != 0 ? prefix : "",
                       path);
        *failure = (struct tn_failure){.code = (int32_t)code,
                                       .message = message,
                                       .path = group->paths[i],
                                       .file = keep_name(file),
                                       .line = line};
        if (i > 0) {
            group->failures[i - 1].cause = failure;
        }
    }
    return true;
}
