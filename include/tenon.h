// tenon.h - the whole of Tenon: coroutines, threads and processes in one tree of frames.
//
// Start with tenon/frame.h (what a frame is) and tenon/run.h (how a program runs). Each header is
// the manual of its topic and can be included alone.
#ifndef TENON_H
#define TENON_H

#define TN_VERSION_MAJOR 0
#define TN_VERSION_MINOR 1
#define TN_VERSION_PATCH 0

#include <tenon/attempt.h>
#include <tenon/blocking.h>
#include <tenon/channel.h>
#include <tenon/class.h>
#include <tenon/cleanup.h>
#include <tenon/command.h>
#include <tenon/condition.h>
#include <tenon/data.h>
#include <tenon/dframe.h>
#include <tenon/event.h>
#include <tenon/executor.h>
#include <tenon/failure.h>
#include <tenon/frame.h>
#include <tenon/gather.h>
#include <tenon/local.h>
#include <tenon/map.h>
#include <tenon/message.h>
#include <tenon/mutex.h>
#include <tenon/port.h>
#include <tenon/process_queue.h>
#include <tenon/queue.h>
#include <tenon/result.h>
#include <tenon/run.h>
#include <tenon/rwlock.h>
#include <tenon/scope.h>
#include <tenon/semaphore.h>
#include <tenon/signal.h>
#include <tenon/status.h>
#include <tenon/stream.h>
#include <tenon/time.h>
#include <tenon/view.h>

#endif
