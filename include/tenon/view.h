// tenon/view.h - files as memory to read, shared by all who look at them.
//
//     struct tn_view cities;
//     if (tn_view_open(self, "cities.csv", &cities) < 0) return;
//     parse(cities.data, cities.bytes);
//
// The file is mapped, not read: its pages come from the disk when they are first looked at, are
// there once however many processes look, and cost nothing that the system could not take back. Any
// frame on any thread may look, without a lock, as long as the frame that opened the view lives.
// Looking at a page that is not in memory yet holds the thread until the disk has answered. A file
// that somebody makes shorter meanwhile loses its last pages: looking there is a fault (SIGBUS).
#ifndef TENON_VIEW_H
#define TENON_VIEW_H

#include <stddef.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_view {
    const void *data; // never NULL while it is open; not to be written to
    size_t bytes;
    void *tn_private;
};

// Opens a view of the whole file at `path`, as it is now. It belongs to the current frame. Returns
// TN_OK; TN_NOT_FOUND, TN_DENIED, TN_TOO_MANY, TN_NO_MEMORY, or a negative errno value: then *view
// is empty.
TN_MUST_USE TN_PUBLIC int tn_view_open(struct tn_self *self, const char *path,
                                       struct tn_view *view);

// Closes a view before its frame ends: the memory is gone when this returns, and *view is empty. By
// the frame that opened it or one below it. Returns TN_OK, or TN_CLOSED when it was closed already.
TN_PUBLIC int tn_view_close(struct tn_self *self, struct tn_view *view);

#ifdef __cplusplus
}
#endif

#endif
