// view.c - see tenon/view.h. Invariant: the mapping lives as long as its primitive, so that the
// owner may look at it while it unwinds. Start reading at tn_view_open.
#include <tenon/view.h>

#include <tenon/status.h>

#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/primitive.h"
#include "io/descriptor.h"

struct view {
    struct primitive primitive;
    const void *data;
    size_t bytes;
};

static void do_nothing(struct primitive *primitive) {
    (void)primitive;
}

static void destroy(struct primitive *primitive) {
    struct view *view = container_of(primitive, struct view, primitive);
    os_file_unmap(view->data, view->bytes);
    os_free(view);
}

int tn_view_open(struct tn_self *self, const char *path, struct tn_view *view) {
    *view = (struct tn_view){.data = NULL};
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *owner = frame_current(self);
    struct view *made = owner == NULL ? NULL : os_allocate(sizeof *made);
    if (made == NULL) {
        return TN_NO_MEMORY;
    }
    const int code = os_file_map(path, &made->data, &made->bytes);
    if (code != OS_OK) {
        os_free(made);
        return descriptor_status(code);
    }
    made->primitive.dispose = do_nothing;
    made->primitive.release = destroy;
    primitive_add(owner, &made->primitive);
    *view = (struct tn_view){made->data, made->bytes, made};
    return TN_OK;
}

int tn_view_close(struct tn_self *self, struct tn_view *view) {
    (void)self;
    struct view *open = view->tn_private;
    if (open == NULL || !primitive_take(&open->primitive)) {
        return TN_CLOSED;
    }
    destroy(&open->primitive);
    *view = (struct tn_view){.data = NULL};
    return TN_OK;
}
