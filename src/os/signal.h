// signal.h - what src/os/signal.c asks of each os. The contract is in file.h.
#ifndef TENON_OS_SIGNAL_H
#define TENON_OS_SIGNAL_H

// A watched signal has been counted: every poll that was told to hears of it. In a signal handler.
void signal_arrived(void);

#endif
