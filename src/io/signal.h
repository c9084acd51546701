// signal.h - whoever waits for signals in a run. Start reading in signal.c.
#ifndef TENON_IO_SIGNAL_H
#define TENON_IO_SIGNAL_H

struct reactor;

// Some watched signal has come: completes what waits for it. By the reactor.
void signal_tell(struct reactor *reactor);

#endif
