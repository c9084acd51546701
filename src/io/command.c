// command.c - other programs as part of a frame: see tenon/command.h.
//
// Whoever runs a program stays with it from its start until its tree is gone, whatever happens: so
// nothing has to be remembered for a removal. Invariant: `is_running` says, under the lock, that
// `child` may be used by others. Start reading at run_child.
#include <tenon/command.h>

#include <tenon/event.h>
#include <tenon/frame.h>
#include <tenon/scope.h>
#include <tenon/time.h>

#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "io/stream.h"
#include "os/child.h"

// How long what was killed is given at first before it is looked at again, and at most.
#define GONE_SECONDS_MIN 0.0002
#define GONE_SECONDS_MAX 0.02

struct control {
    struct primitive primitive; // of who started it beside itself
    struct os_lock lock;
    bool is_running;
    struct os_child child;
    int start_code; // TN_OK once it has started
    struct tn_exit how;
};

// ---- streams ---------------------------------------------------------------------------------

// The streams of a command while it starts.
struct borrowed {
    struct descriptor *descriptors[3]; // NULL: none
};

static void give_back(struct borrowed *borrowed, const struct tn_command *command, bool closes) {
    const struct tn_stream streams[3] = {command->input, command->output, command->errors};
    for (int i = 0; i < 3; i++) {
        if (borrowed->descriptors[i] != NULL) {
            descriptor_end(borrowed->descriptors[i], i == 0 ? READING : WRITING);
            if (closes) {
                (void)descriptor_close(streams[i].tn_private);
            }
        }
    }
}

static int borrow(struct tn_self *self, const struct tn_command *command, struct borrowed *borrowed,
                  int standard[3]) {
    const struct tn_stream streams[3] = {command->input, command->output, command->errors};
    int code = TN_OK;
    *borrowed = (struct borrowed){{NULL, NULL, NULL}};
    for (int i = 0; i < 3 && code == TN_OK; i++) {
        const uint64_t id = streams[i].tn_private;
        if (id == 0 || id == UINT64_MAX) {
            standard[i] = id == 0 ? OS_INHERIT : OS_NOTHING;
        } else if (i == 2 && id == streams[1].tn_private) {
            standard[2] = standard[1];
        } else {
            code =
                descriptor_begin(self, id, i == 0 ? READING : WRITING, &borrowed->descriptors[i]);
            standard[i] = code == TN_OK ? borrowed->descriptors[i]->fd : OS_NOTHING;
        }
    }
    if (code != TN_OK) {
        give_back(borrowed, command, false);
    }
    return code;
}

// ---- a program from its start to its end -----------------------------------------------------

static int start(struct tn_self *self, const struct tn_command *command, struct control *control) {
    struct os_child_plan plan = {.arguments = command->arguments,
                                 .environment = command->environment,
                                 .folder = command->folder};
    struct borrowed borrowed;
    int code = borrow(self, command, &borrowed, plan.standard);
    if (code == TN_OK) {
        code = descriptor_status(os_child_start(&control->child, &plan));
        give_back(&borrowed, command, code == TN_OK);
    }
    return code;
}

// Until the program has ended: TN_OK; or why this has to stop.
static int wait_for_end(struct tn_self *self, struct control *control) {
    const struct descriptor_origin origin = {.fd = control->child.handle, .is_borrowed = true};
    struct os_child_end end;
    uint64_t id;
    int code = descriptor_open(self, &origin, &id);
    if (code != TN_OK) {
        return code;
    }
    struct descriptor *descriptor;
    code = descriptor_begin(self, id, READING, &descriptor);
    if (code == TN_OK) {
        descriptor_expect(descriptor, READING);
        while (code == TN_OK && !os_child_has_ended(&control->child, &end)) {
            code = descriptor_wait(self, descriptor, READING);
            descriptor_expect(descriptor, READING);
        }
        descriptor_end(descriptor, READING);
    }
    (void)descriptor_close(id);
    return code;
}

// Kills what is left of the tree and waits until it is gone, whatever comes from outside.
static void finish(struct tn_self *self, struct control *control) {
    struct tn_scope shield;
    double seconds = GONE_SECONDS_MIN;
    tn_shield_begin(self, &shield);
    while (!os_child_kill(&control->child)) {
        (void)tn_sleep(self, seconds);
        seconds = seconds < GONE_SECONDS_MAX / 2 ? seconds * 2 : GONE_SECONDS_MAX;
    }
    (void)tn_scope_end(self, &shield);
    struct os_child_end end;
    (void)os_child_has_ended(&control->child, &end);
    control->how = (struct tn_exit){end.code, end.signal};
}

static void set_running(struct control *control, bool is_running) {
    os_lock_acquire(&control->lock);
    control->is_running = is_running;
    os_lock_release(&control->lock);
}

static int run_child(struct tn_self *self, const struct tn_command *command,
                     struct control *control) {
    control->start_code = cancel_due(self);
    if (control->start_code == TN_OK) {
        control->start_code = start(self, command, control);
    }
    if (control->start_code != TN_OK) {
        return control->start_code;
    }
    set_running(control, true);
    const int code = wait_for_end(self, control);
    finish(self, control);
    set_running(control, false);
    os_child_release(&control->child);
    return code;
}

static int check(struct tn_self *self, const struct tn_command *command) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    if (command->arguments == NULL || command->arguments[0] == NULL) {
        return misuse(TN_NOT_FOUND, "a command without arguments: the first one is the program");
    }
    return TN_OK;
}

int tn_command_run(struct tn_self *self, const struct tn_command *command, struct tn_exit *how) {
    struct control control = {.is_running = false};
    int code = check(self, command);
    if (code != TN_OK) {
        return code;
    }
    os_lock_init(&control.lock);
    code = run_child(self, command, &control);
    if (how != NULL && code == TN_OK) {
        *how = control.how;
    }
    return code;
}

// ---- beside ----------------------------------------------------------------------------------

// The command is read before its first wait, and so before tn_program_start returns.
TN_FRAME(int, program, (const struct tn_command *, command), (struct control *, control)) {
    return run_child(self, command, control);
}

static void do_nothing(struct primitive *primitive) {
    (void)primitive; // its frame has ended before
}

static void free_control(struct primitive *primitive) {
    os_free(container_of(primitive, struct control, primitive));
}

static struct control *create_control(struct tn_self *self) {
    struct frame *owner = frame_current(self);
    struct control *control = owner == NULL ? NULL : os_allocate(sizeof *control);
    if (control != NULL) {
        *control = (struct control){.start_code = TN_CANCELLED};
        control->primitive.dispose = do_nothing;
        control->primitive.release = free_control;
        os_lock_init(&control->lock);
        primitive_add(owner, &control->primitive);
    }
    return control;
}

static void destroy_control(struct control *control) {
    if (primitive_take(&control->primitive)) {
        free_control(&control->primitive);
    }
}

// The command's stream `wanted`, or a pipe in its place, whose other end is *mine.
static int open_end(struct tn_self *self, struct tn_stream *wanted, bool is_input,
                    struct tn_stream *mine) {
    *mine = (struct tn_stream){0};
    if (wanted->tn_private != TN_HERE.tn_private) {
        return TN_OK;
    }
    return is_input ? tn_pipe(self, wanted, mine) : tn_pipe(self, mine, wanted);
}

// Closes the pipes that were made for a command that has not started.
static void close_ends(struct tn_self *self, const struct tn_command *own,
                       struct tn_program *program) {
    const struct tn_stream theirs[3] = {own->input, own->output, own->errors};
    struct tn_stream *const mine[3] = {&program->input, &program->output, &program->errors};
    for (int i = 0; i < 3; i++) {
        if (mine[i]->tn_private != 0) {
            (void)tn_stream_close(self, theirs[i]);
            (void)tn_stream_close(self, *mine[i]);
            *mine[i] = (struct tn_stream){0};
        }
    }
}

static int start_frame(struct tn_self *self, const struct tn_command *own,
                       struct tn_program *program) {
    struct control *control = create_control(self);
    if (control == NULL) {
        return TN_NO_MEMORY;
    }
    tn_task(program) task = tn_spawn_with(
        TN_OPTIONS(.name = own->arguments[0], .is_immediate = true), program, own, control);
    const int code = control->start_code;
    if (code == TN_OK) {
        program->tn_private = control;
        program->frame = tn_share(task);
    } else {
        int unused;
        (void)!tn_try_await(program, task, &unused);
        destroy_control(control);
    }
    return code;
}

int tn_program_start(struct tn_self *self, const struct tn_command *command,
                     struct tn_program *program) {
    *program = (struct tn_program){.frame = NULL};
    int code = check(self, command);
    if (code != TN_OK) {
        return code;
    }
    struct tn_command own = *command;
    code = open_end(self, &own.input, true, &program->input);
    if (code == TN_OK) {
        code = open_end(self, &own.output, false, &program->output);
    }
    if (code == TN_OK) {
        code = open_end(self, &own.errors, false, &program->errors);
    }
    if (code == TN_OK) {
        code = start_frame(self, &own, program);
    }
    if (code != TN_OK) {
        close_ends(self, &own, program);
    }
    return code;
}

int tn_program_wait(struct tn_self *self, struct tn_program *started, struct tn_exit *how) {
    const struct control *control = started->tn_private;
    int code;
    if (control == NULL) {
        return TN_REMOVED;
    }
    const int outcome = tn_join(program, started->frame, &code);
    if (outcome != TN_OK) {
        return outcome;
    }
    if (how != NULL && code == TN_OK) {
        *how = control->how;
    }
    return code;
}

int tn_program_signal(struct tn_program *started, int number) {
    struct control *control = started->tn_private;
    if (control == NULL) {
        return TN_REMOVED;
    }
    os_lock_acquire(&control->lock);
    const int code = control->is_running ? os_child_signal(&control->child, number) : -ESRCH;
    os_lock_release(&control->lock);
    return code == -ESRCH ? TN_REMOVED : code;
}

int tn_program_kill(struct tn_self *self, struct tn_program *started) {
    struct control *control = started->tn_private;
    if (control == NULL) {
        return TN_REMOVED;
    }
    const bool was_running = tn_remove(self, started->frame);
    started->tn_private = NULL;
    destroy_control(control);
    return was_running ? TN_OK : TN_REMOVED;
}
