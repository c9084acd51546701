// crew.c - see crew.h.
#include "executor/crew.h"

#include "executor/gate_wait.h"
#include "frame/cancel.h"
#include "frame/failure.h"
#include "frame/frame.h"
#include "frame/run.h"

// A lane that finds so many others resting ends instead.
#define RESTING_MAX 32

// ---- lanes -----------------------------------------------------------------------------------

// Something failed below the lane and nobody absorbed it so far: that is the end of the call.
static enum tn_verdict hear(const struct tn_failure *failure, int *replace, void *data) {
    struct lane *lane = data;
    struct gate *gate = &lane->lanes->crew->gate;
    (void)replace;
    struct failure *record =
        failure_create(failure, atomic_load_relaxed(&lane->frame->run->failures_count));
    gate_lock(gate);
    const bool is_first = lane->failure_code == 0;
    if (is_first) {
        lane->failure_code = failure->code;
        lane->failure = record;
        crew_doom(lane);
    }
    gate_unlock(gate);
    if (!is_first && record != NULL) {
        failure_release(record);
    }
    return TN_ABSORB;
}

// A lane did not get a stack.
static enum tn_verdict hear_of_no_start(const struct tn_failure *failure, int *replace,
                                        void *data) {
    struct lanes *lanes = data;
    struct crew *crew = lanes->crew;
    (void)replace;
    gate_lock(&crew->gate);
    lanes->count--;
    lanes->is_coming = false;
    if (lanes->count == 0) {
        crew->kind->give_up(lanes, failure->code);
        crew_changed(crew);
    }
    gate_unlock(&crew->gate);
    return TN_ABSORB;
}

void crew_doom(struct lane *lane) {
    lane->is_doomed = true;
    (void)cancel_request(lane->frame, TN_CANCELLED);
}

struct rest {
    struct lanes *lanes;
    bool has_rested;
};

// A lane that looks again has been called; or it has been cancelled: then it is as good.
static bool may_go_on(const void *subject) {
    const struct rest *rest = subject;
    struct lanes *lanes = rest->lanes;
    if (rest->has_rested) {
        lanes->is_coming = false;
    }
    ((struct rest *)(uintptr_t)subject)->has_rested = true;
    return lanes->crew->is_over || lanes->crew->kind->has_work(lanes);
}

static const struct gate_wish call_wish = {may_go_on, "a call to run"};

// Under the gate, also when it returns. False: the lane has to end.
static bool rest(struct tn_self *self, struct lanes *lanes) {
    if (lanes->resting_count >= RESTING_MAX) {
        return false;
    }
    struct gate *gate = &lanes->crew->gate;
    struct rest state = {lanes, false};
    lanes->resting_count++;
    gate_unlock(gate);
    const int code = gate_wait_inline(self, gate, &lanes->resting, &call_wish, &state);
    if (code != TN_OK) {
        gate_lock(gate);
    }
    lanes->resting_count--;
    return code == TN_OK;
}

static void listen(struct lane *lane) {
    os_lock_acquire(&lane->frame->lock);
    lane->frame->handler = hear;
    lane->frame->handler_data = lane;
    os_lock_release(&lane->frame->lock);
}

static void run_lane(struct tn_self *self, void *payload) {
    struct lanes *lanes = *(struct lanes **)payload;
    struct crew *crew = lanes->crew;
    const struct crew_kind *kind = crew->kind;
    struct lane lane = {.lanes = lanes, .frame = task_stack_of(self)->frame};
    listen(&lane);
    gate_lock(&crew->gate);
    lanes->is_coming = false;
    while (!crew->is_over && !lane.is_doomed && cancel_reaches(self) == TN_OK) {
        if (!kind->has_work(lanes)) {
            if (!rest(self, lanes)) {
                break;
            }
            continue;
        }
        kind->take(&lane);
        crew_call(lanes);
        gate_unlock(&crew->gate);
        sanitizer_take_over(crew);
        kind->work(self, &lane);
        sanitizer_hand_over(crew);
        gate_lock(&crew->gate);
        kind->done(&lane);
    }
    lanes->count--;
    crew_call(lanes);
    gate_unlock(&crew->gate);
}

static const struct tn_type lane_types[CREW_LEVELS] = {
    {"lane", __FILE__, __LINE__, TN_LEVEL_FRAME, sizeof(struct lanes *), 0, 0, run_lane, NULL},
    {"lane", __FILE__, __LINE__, TN_LEVEL_PFRAME, sizeof(struct lanes *), 0, 0, run_lane, NULL},
};

// Under the gate. False: no memory.
static bool lane_start(struct lanes *lanes) {
    struct crew *crew = lanes->crew;
    const struct tn_type *type = &lane_types[lanes->level];
    struct frame *frame = frame_create(worker_current(), crew->run, type, 0, &lanes);
    if (frame == NULL) {
        return false;
    }
    frame->home = lanes->level == CREW_FRAMES ? crew->home : NULL;
    frame->is_forgotten = true;
    frame->handler = hear_of_no_start;
    frame->handler_data = lanes;
    lanes->count++;
    // The head may be removing its children: the frame may have ended before it is submitted.
    frame_retain(frame);
    frame_adopt_child(crew->head, frame, NULL);
    frame_submit(frame);
    frame_release(frame);
    return true;
}

void crew_call(struct lanes *lanes) {
    struct crew *crew = lanes->crew;
    if (lanes->is_coming || crew->is_over || !crew->kind->has_work(lanes)) {
        return;
    }
    lanes->is_coming = gate_wake(&crew->gate, &lanes->resting) ||
                       (lanes->count < lanes->count_max && lane_start(lanes));
    if (!lanes->is_coming && lanes->count == 0) {
        crew->kind->give_up(lanes, TN_NO_MEMORY);
        crew_changed(crew);
    }
}

int crew_outcome_slow(const struct lane *lane, int outcome) {
    if (lane->failure_code != 0) {
        return lane->failure_code;
    }
    return lane->is_doomed || outcome == TN_CANCELLED ? TN_REMOVED : outcome;
}

// ---- the head --------------------------------------------------------------------------------

static bool is_dismissed(const void *subject) {
    return ((const struct crew *)subject)->is_dismissed;
}

static const struct gate_wish dismissal_wish = {is_dismissed, "the end of what runs below it"};

static void run_head(struct tn_self *self, void *payload) {
    struct crew *crew = *(struct crew **)payload;
    const int code = gate_wait(self, &crew->gate, &crew->dismissing, &dismissal_wish, crew);
    if (code != TN_OK) {
        gate_lock(&crew->gate);
    }
    crew->is_over = true;
    crew->reason = code == TN_TIMED_OUT ? TN_TIMED_OUT : TN_REMOVED;
    for (int i = 0; i < CREW_LEVELS; i++) {
        crew->kind->give_up(&crew->lanes[i], crew->reason);
        gate_wake_all(&crew->gate, &crew->lanes[i].resting);
    }
    crew_changed(crew);
    gate_unlock(&crew->gate);
    if (crew->kind->close != NULL) {
        crew->kind->close(self, crew);
    }
}

static const struct tn_type head_type = {
    "crew", __FILE__, __LINE__, TN_LEVEL_PFRAME, sizeof(struct crew *), 0, 0, run_head, NULL};

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    return TN_ABSORB;
}

int crew_begin(struct tn_self *self, struct crew *crew, const struct crew_kind *kind,
               const char *name, size_t count_max, bool is_outside) {
    struct task_stack *stack = task_stack_of(self);
    *crew = (struct crew){.kind = kind, .name = name, .run = stack->frame->run};
    os_lock_init(&crew->gate.lock);
    crew->gate.is_local = !stack->scheduler->is_shared && !is_outside;
    crew->home = frame_home_for(stack, TN_LEVEL_FRAME);
    list_init(&crew->watching);
    list_init(&crew->dismissing);
    for (int i = 0; i < CREW_LEVELS; i++) {
        struct lanes *lanes = &crew->lanes[i];
        lanes->crew = crew;
        lanes->level = (enum crew_level)i;
        lanes->count_max = count_max == 0 ? SIZE_MAX : count_max;
        list_init(&lanes->resting);
    }
    // It runs to its wait at once: who calls a lane must find it running. All that can fail of
    // itself is its start, for lack of memory.
    const struct tn_options options = {.name = name, .is_immediate = true, .on_failure = absorb};
    const struct tn_handle handle = tn_spawn_options(self, &head_type, __LINE__, &options, &crew);
    if (handle.task == NULL) {
        return handle.outcome;
    }
    crew->head = container_of(handle.task, struct frame, task);
    if (frame_state(crew->head) == FRAME_ENDED) {
        frame_consume(crew->head);
        return TN_NO_MEMORY;
    }
    return TN_OK;
}

static int wait_for_head(struct tn_self *self, struct crew *crew) {
    int outcome;
    if (awaitable_is_done(&crew->head->done, &outcome)) {
        return TN_OK;
    }
    const int due = cancel_due(self);
    if (due != TN_OK) {
        return due;
    }
    (void)awaitable_wait(self, &crew->head->done, NULL, false);
    return awaitable_is_done(&crew->head->done, &outcome) ? TN_OK : cancel_due(self);
}

int crew_end(struct tn_self *self, struct crew *crew) {
    gate_lock(&crew->gate);
    crew->is_dismissed = true;
    gate_wake_all(&crew->gate, &crew->dismissing);
    gate_unlock(&crew->gate);
    return wait_for_head(self, crew);
}

int crew_cancel(struct tn_self *self, struct crew *crew) {
    const bool is_inside = crew_runs(crew, self);
    (void)cancel_request(crew->head, TN_CANCELLED);
    return is_inside ? TN_OK : wait_for_head(self, crew);
}

void crew_forget(struct crew *crew) {
    frame_consume(crew->head);
}

bool crew_runs(const struct crew *crew, struct tn_self *self) {
    const struct frame *frame = frame_nearest(self);
    while (frame != NULL && frame != crew->head) {
        frame = frame_parent(frame);
    }
    return frame != NULL;
}
