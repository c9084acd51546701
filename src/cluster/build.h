// build.h - which build of a program this is: what two processes compare before they exchange
// frames as they lie in memory.
//
// Invariant: it is the same in each process of one program file, and tells apart what was built
// differently. Start reading at build_identity.
#ifndef TENON_CLUSTER_BUILD_H
#define TENON_CLUSTER_BUILD_H

#include <stdint.h>

// A hash over Tenon itself, the DFrames that were there before main, and the programs and libraries
// that they lie in (os/image.h). Plug-ins that are loaded later do not count. Never 0. Takes some
// microseconds for each DFrame.
uint64_t build_identity(void);

#endif
