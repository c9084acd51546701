// talk.c - a command's input and both of its outputs at the same time: tn_command_talk.
//
// Three frames, so that none can stop another: one writes the input, one collects the errors, and
// the caller collects the output. Invariant: both frames have ended before this returns, because
// they use what lies on its stack. Start reading at tn_command_talk.
#include <signal.h>
#include <string.h>

#include <tenon/command.h>
#include <tenon/frame.h>

#include "io/stream.h"

#define ROOM_BYTES 4096

struct text {
    char *bytes;
    size_t used;
    size_t room;
    size_t used_max;
};

// Room for some more, and the closing zero.
static int grow(struct text *text) {
    if (text->used > text->used_max) {
        return TN_TOO_LONG;
    }
    if (text->room - text->used > 1) {
        return TN_OK;
    }
    const size_t room = text->room == 0 ? ROOM_BYTES : text->room * 2;
    char *bytes = os_allocate(room);
    if (bytes == NULL) {
        return TN_NO_MEMORY;
    }
    if (text->used > 0) {
        memcpy(bytes, text->bytes, text->used);
    }
    os_free(text->bytes);
    text->bytes = bytes;
    text->room = room;
    return TN_OK;
}

static int collect(struct tn_self *self, struct tn_stream from, struct text *text) {
    for (;;) {
        const int code = grow(text);
        if (code != TN_OK) {
            return code;
        }
        const ptrdiff_t count =
            tn_read(self, from, text->bytes + text->used, text->room - text->used - 1);
        if (count <= 0) {
            text->bytes[text->used] = '\0';
            return (int)count;
        }
        text->used += (size_t)count;
    }
}

// When it is too much, or nothing can be kept, the program need not go on; its tree ends with it.
TN_FRAME(int, collects, (struct tn_program *, program), (struct text *, text)) {
    const int code = collect(self, program->errors, text);
    if (code != TN_OK) {
        (void)tn_program_signal(program, SIGKILL);
    }
    (void)tn_stream_close(self, program->errors);
    return code;
}

TN_FRAME(void, feeds, (struct tn_stream, to), (const void *, from), (size_t, bytes)) {
    (void)!tn_write(self, to, from, bytes); // a command need not read all of it
    (void)tn_stream_close(self, to);
}

static int converse(struct tn_self *self, struct tn_program *program, const void *input,
                    size_t bytes, struct text texts[2], struct tn_exit *how) {
    tn_task(feeds) feeder = tn_spawn(feeds, program->input, input, bytes);
    tn_task(collects) collector = tn_spawn(collects, program, &texts[1]);
    int code = collect(self, program->output, &texts[0]);
    (void)tn_stream_close(self, program->output);
    if (code != TN_OK) {
        (void)tn_program_kill(self, program);
    }
    int errors_code = TN_OK;
    const int outcome = tn_try_await(collects, collector, &errors_code);
    code = code != TN_OK ? code : outcome != TN_OK ? outcome : errors_code;
    if (code == TN_OK) {
        code = tn_program_wait(self, program, how);
    }
    (void)tn_program_kill(self, program);
    const int fed = tn_try_await(feeds, feeder, NULL);
    return code != TN_OK ? code : fed;
}

int tn_command_talk(struct tn_self *self, const struct tn_command *command, const void *input,
                    size_t bytes, size_t bytes_max, struct tn_output *output) {
    struct tn_command piped = *command;
    struct text texts[2] = {{.used_max = bytes_max}, {.used_max = bytes_max}};
    struct tn_program program;
    *output = (struct tn_output){.text = NULL};
    piped.input = piped.output = piped.errors = TN_HERE;
    int code = tn_program_start(self, &piped, &program);
    if (code != TN_OK) {
        return code;
    }
    code = converse(self, &program, input, bytes, texts, &output->how);
    output->text = texts[0].bytes;
    output->bytes = texts[0].used;
    output->errors = texts[1].bytes;
    output->errors_bytes = texts[1].used;
    if (code != TN_OK) {
        tn_output_free(output);
    }
    return code;
}

void tn_output_free(struct tn_output *output) {
    os_free(output->text);
    os_free(output->errors);
    *output = (struct tn_output){.text = NULL};
}
