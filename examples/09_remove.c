// 09_remove.c - removing a frame and everything below it.
//
// Nothing outlives its parent. Removing `house` cancels what waits in it: the wait returns
// TN_CANCELLED, and so does every further wait of that frame, until it has put its things in
// order and returned. Children end before their parent, the newest first, and tn_remove returns
// when all of them are gone. Who waits for a removed frame receives TN_REMOVED.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, room, (const char *, name)) {
    printf("%s: light on\n", name);
    tn_hold(self); // lives until it is removed
    printf("%s: light off\n", name);
}

TN_FRAME(void, house) {
    tn_spawn(room, "kitchen"); // no handle: nobody wants a result
    tn_spawn(room, "cellar");
    int outcome = tn_children_wait(self);
    printf("house: %s\n", outcome == TN_CANCELLED ? "locked" : "empty");
}

TN_FRAME(void, root) {
    tn_task(house) task = tn_spawn(house);
    struct tn_frame *frame = tn_share(task);
    char path[40];
    tn_frame_path(frame, path, sizeof path);
    tn_sleep(self, 0.1);
    bool removed = tn_remove(self, frame);
    printf("%s: %s\n", path, removed ? "removed" : "had ended");
    printf("again: %s\n", tn_remove(self, frame) ? "removed" : "had ended");
    printf("await: %s\n", tn_try_await(house, task, NULL) == TN_REMOVED ? "removed" : "ended");
}

int main(int argc, char **argv) {
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
