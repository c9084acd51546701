// tenon/command.h - running other programs: their streams, their end, and all that they start.
//
//     struct tn_exit how;
//     int code = tn_command_run(self, TN_COMMAND("make", "-j2"), &how);
//     if (code == TN_OK && how.code != 0) ...
//
// A program that is run belongs to the frame that runs it, with everything that it starts in turn:
// when the frame is removed or runs out of time, all of them are killed, and the frame ends when
// they are gone. When the program ends by itself, what it has left behind is killed too: nothing
// outlives its parent.
//
// Its standard streams are streams of tenon/stream.h, the ends that the program is to have. They
// are closed here when it has started. So a pipe between two programs is a pipe:
//
//     struct tn_stream reads, writes;
//     tn_pipe(self, &reads, &writes);
//     struct tn_command list = {TN_ARGUMENTS("ls"), .output = writes};
//     struct tn_command sort = {TN_ARGUMENTS("sort"), .input = reads};
//     tn_program_start(self, &list, &first);
//     tn_program_start(self, &sort, &second);
//
// A program runs in a session of its own: Ctrl-C reaches this process (tenon/signal.h) and not the
// program, and it has no terminal to ask for a password. It sees its standard streams and no other
// descriptor, and is killed when this process dies. Where a cgroup may be made, all that it starts
// is in one and is killed at once; elsewhere it is found by its session, by who started whom, and
// by TENON_TREE in its environment, which takes some milliseconds; a program that leaves its
// session, cleans its environment and outlives who started it is not found then.
//
// A process that dies without ending its frames leaves the empty folders of its cgroups behind,
// named tenon-NUMBER-COUNT; they hold nothing and may be removed.
//
// A program that waits for all children of the process by itself (wait, or SIGCHLD ignored) takes
// the codes away: how a command ended is then not known. Not on the simulated system (-ENOSYS).
#ifndef TENON_COMMAND_H
#define TENON_COMMAND_H

#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

// What is to be run. Everything that it points to must stay valid until it has started.
struct tn_command {
    const char *const *arguments; // up to a NULL; the first is the program, looked for in PATH
                                  // unless it has a slash in it
    struct tn_stream input;       // all zero: that of this process
    struct tn_stream output;
    struct tn_stream errors;        // may be the same as output
    const char *const *environment; // "NAME=value" up to a NULL; NULL: that of this process
    const char *folder;             // where it starts; NULL: here
};

// In place of a stream: /dev/null.
#ifdef __cplusplus
#define TN_NOWHERE (tn_stream{UINT64_MAX})
#else
#define TN_NOWHERE ((struct tn_stream){UINT64_MAX})
#endif

// TN_ARGUMENTS("ls", "-l"): a list of arguments, for .arguments. In C.
#define TN_ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

// TN_COMMAND("ls", "-l"): a command of these arguments and nothing else. In C. With streams:
// &(struct tn_command){TN_ARGUMENTS("ls", "-l"), .output = writes}.
#define TN_COMMAND(...) (&(const struct tn_command){.arguments = TN_ARGUMENTS(__VA_ARGS__)})

// How a program ended.
struct tn_exit {
    int code;   // what it returned, 0 to 255; -1: a signal ended it, or nobody knows
    int signal; // 0: none
};

// Runs a command, waits for its end and ends what it has left behind. *how (may be NULL) says how
// it ended. Returns TN_OK; or, when it could not be started, TN_NOT_FOUND (there is no such program
// or folder), TN_DENIED (no permission to run it), TN_TOO_MANY (no more processes or files are
// allowed), TN_NO_MEMORY, TN_CLOSED for a stream that is not open, or a negative errno value; or
// TN_CANCELLED or TN_TIMED_OUT: then it has been killed with all that it started, and is gone.
// Holds its thread for about a millisecond while the program starts.
TN_MUST_USE TN_PUBLIC int tn_command_run(struct tn_self *self, const struct tn_command *command,
                                         struct tn_exit *how);

// ---- running beside ---------------------------------------------------------------------------

// A program that runs beside the frame that started it.
struct tn_program {
    struct tn_stream input;  // the other ends of the streams that were asked for
    struct tn_stream output; // with TN_HERE
    struct tn_stream errors;
    struct tn_frame *frame; // that runs it: tn_of_frame waits for its end, tn_remove kills it
    void *tn_private;
};

// In place of a stream: a new pipe, whose other end is in struct tn_program.
#ifdef __cplusplus
#define TN_HERE (tn_stream{UINT64_MAX - 1})
#else
#define TN_HERE ((struct tn_stream){UINT64_MAX - 1})
#endif

// Starts a command beside the current frame, as a child of it: *program. Returns TN_OK, or a code
// as tn_command_run does when it could not be started. The pipes belong to the current frame.
TN_MUST_USE TN_PUBLIC int tn_program_start(struct tn_self *self, const struct tn_command *command,
                                           struct tn_program *program);

// Waits for the end of a program: *how (may be NULL). Returns TN_OK, again and again; TN_REMOVED
// when it was killed by tn_program_kill or tn_remove; TN_CANCELLED or TN_TIMED_OUT when this frame
// has to end: the program runs on until then.
TN_MUST_USE TN_PUBLIC int tn_program_wait(struct tn_self *self, struct tn_program *program,
                                          struct tn_exit *how);

// Sends a signal (SIGTERM, SIGINT, ...) to the program itself. By the frame that started it or one
// below it. Returns TN_OK, TN_REMOVED when it has ended, or a negative errno value.
TN_PUBLIC int tn_program_signal(struct tn_program *program, int number);

// Kills the program and all that it has started, and waits until they are gone. Returns TN_OK, or
// TN_REMOVED when it had ended already. To be called also in a loop that starts one program after
// the other, with tn_stream_close for its streams: what stands for them is given back by that.
TN_PUBLIC int tn_program_kill(struct tn_self *self, struct tn_program *program);

// ---- all at once --------------------------------------------------------------------------------

// What a command has written, and how it ended. Both texts end with a zero that is not counted.
struct tn_output {
    struct tn_exit how;
    char *text; // standard output
    size_t bytes;
    char *errors; // standard errors
    size_t errors_bytes;
};

// Runs a command, writes `bytes` bytes at `input` to its standard input and closes that, and
// collects what it writes meanwhile; neither can stop the other. The command's streams are not
// looked at. `bytes_max` bounds each of the two texts: a command that writes more is killed, and
// TN_TOO_LONG returned. Returns TN_OK, or a code as tn_command_run does. Unless TN_OK, *output is
// empty; else it is to be freed with tn_output_free. A command that does not read all of its input
// is no error.
TN_MUST_USE TN_PUBLIC int tn_command_talk(struct tn_self *self, const struct tn_command *command,
                                          const void *input, size_t bytes, size_t bytes_max,
                                          struct tn_output *output);

// Frees the texts. From any thread; an empty one is fine.
TN_PUBLIC void tn_output_free(struct tn_output *output);

#ifdef __cplusplus
}
#endif

#endif
