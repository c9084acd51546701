// tenon/stream.h - bytes in and out: pipes, and descriptors of the program.
//
//     struct tn_stream reads, writes;
//     int code = tn_pipe(self, &reads, &writes);
//     tn_spawn(producer, writes);                       // a handle is a value: pass it on
//     char line[80];
//     while (tn_read_line(self, reads, line, sizeof line) >= 0) puts(line);
//
// A frame that waits for bytes, or for room, is suspended; its thread is not. Each function first
// tries and then waits, so that a stream which is always ready costs a system call and no more.
//
// A stream belongs to the frame that opened it and is closed with it. Handles are small values, to
// be copied and passed at will, inside of one run: one that is used after the close gives TN_CLOSED
// and never reaches another file. At any time one frame may read a stream and one may write it; a
// second one is a programmer's error (TN_BUSY).
//
// Every function that waits may return TN_CANCELLED or TN_TIMED_OUT, when this frame has to end or
// a deadline has passed; what is lost by that is said with each. The first stream of a process lets
// it ignore SIGPIPE, unless the program has a handler for it: who writes what nobody can read
// receives TN_BROKEN. Files on disk can be read and written too, but the system does not let
// anybody wait for them: such calls hold their thread until the disk has answered.
#ifndef TENON_STREAM_H
#define TENON_STREAM_H

#include <stddef.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// A handle. All zero stands for no stream: every use of it gives TN_CLOSED.
struct tn_stream {
    uint64_t tn_private;
};

// ---- opening and closing ---------------------------------------------------------------------

// Makes a pipe: what is written to *writes is read from *reads, in order. Both belong to the
// current frame; programs that it starts do not see them. Returns TN_OK, TN_NO_MEMORY, or
// TN_TOO_MANY when the process may open no more files; then neither is open.
TN_MUST_USE TN_PUBLIC int tn_pipe(struct tn_self *self, struct tn_stream *reads,
                                  struct tn_stream *writes);

// Makes a stream of a descriptor that the program has opened, a socket or its standard input for
// example; the stream owns it from here on and closes it. Until then it does not block, also for
// other processes that share it. Returns TN_OK, TN_NO_MEMORY, or a negative errno value (-EBADF);
// unless TN_OK, the descriptor stays the program's. Not on the simulated system (-ENOSYS).
TN_MUST_USE TN_PUBLIC int tn_stream_adopt(struct tn_self *self, int fd, struct tn_stream *stream);

// Closes a stream before its frame ends. Who waits for it on any thread receives TN_CLOSED; what
// was written stays readable at the other end. By the frame that opened it or one below it. Returns
// TN_OK, or TN_CLOSED when it was closed already.
TN_PUBLIC int tn_stream_close(struct tn_self *self, struct tn_stream stream);

// ---- reading ---------------------------------------------------------------------------------

// Reads what there is, up to `bytes` bytes, and waits only for the first one. Returns how many; 0
// at the end, when nobody can write any more (and when bytes is 0); TN_CLOSED, TN_CANCELLED,
// TN_TIMED_OUT, or a negative errno value. A cancellation loses nothing: no byte was taken.
TN_MUST_USE TN_PUBLIC ptrdiff_t tn_read(struct tn_self *self, struct tn_stream stream, void *into,
                                        size_t bytes);

// Reads exactly `bytes` bytes. Returns TN_OK; TN_ENDED when the stream ended before; or a code as
// tn_read does. Unless TN_OK, the bytes that had come are in `into` and out of the stream, and how
// many is not said: where that matters, use tn_read.
TN_MUST_USE TN_PUBLIC int tn_read_exactly(struct tn_self *self, struct tn_stream stream, void *into,
                                          size_t bytes);

// Reads a line into `line`, `bytes` bytes of memory, without its newline and with a closing zero.
// The last line may lack the newline. Returns its length; TN_ENDED when there is no further line;
// TN_TOO_LONG when the line does not fit: it stays in the stream, for a second try with more memory
// or for tn_read; TN_NO_MEMORY; or a code as tn_read does. A cancellation loses nothing: the part
// of a line that has come is kept for whoever reads next. Reads ahead, for every reader of this
// handle.
TN_MUST_USE TN_PUBLIC ptrdiff_t tn_read_line(struct tn_self *self, struct tn_stream stream,
                                             char *line, size_t bytes);

// ---- writing ---------------------------------------------------------------------------------

// Writes what there is room for now, up to `bytes` bytes, and waits only for the first one. Returns
// how many; TN_BROKEN when nobody can read them any more; TN_CLOSED, TN_CANCELLED, TN_TIMED_OUT, or
// a negative errno value. A cancellation loses nothing: no byte was written.
TN_MUST_USE TN_PUBLIC ptrdiff_t tn_write_some(struct tn_self *self, struct tn_stream stream,
                                              const void *from, size_t bytes);

// Writes all of `bytes` bytes, and waits for room as often as it takes. Returns TN_OK, or a code as
// tn_write_some does: then a part may have been written, and how much is not said: where that
// matters, use tn_write_some.
TN_MUST_USE TN_PUBLIC int tn_write(struct tn_self *self, struct tn_stream stream, const void *from,
                                   size_t bytes);

// Writes a text as by printf. Returns what tn_write does, or TN_NO_MEMORY.
TN_MUST_USE TN_PUBLIC int tn_print(struct tn_self *self, struct tn_stream stream,
                                   const char *format, ...) __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
