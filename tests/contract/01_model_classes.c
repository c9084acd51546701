// Section 1 of the contract, what frames carry: classes and primitives.
#include "contract/contract.h"

#include <signal.h>

// ---- classes ---------------------------------------------------------------------------------

struct window {
    int width;
    int buttons;
    char tag;
};

TN_CLASS(window, (char, tag), (int, width)) {
    EXPECT_EQ(object->width, 0); // zeroed
    if (width < 0) {
        return -22;
    }
    tn_sleep(self, 0.0005); // it may wait
    object->width = width;
    object->tag = tag;
    return TN_OK;
}

TN_DESTRUCTOR(window) {
    EXPECT_EQ(object->buttons, 0);
    mark(object->tag);
}

struct dialog {
    struct window *window;
};

TN_CLASS(dialog) {
    object->window = tn_enclosing(window);
    return TN_OK;
}

TN_DESTRUCTOR(dialog) {
    EXPECT(object->window == NULL || object->window->tag == 'w'); // what encloses it is there yet
    mark('d');
}

LEVEL_FRAME(int, finds_width) {
    return tn_enclosing(window) == NULL ? -1 : tn_enclosing(window)->width;
}

LEVEL_FRAME(void, has_window) {
    struct window *window;
    EXPECT_EQ(tn_become(window, &window, 'w', 640), TN_OK);
    EXPECT(tn_enclosing(window) == window);
    tn_task(finds_width) below = tn_spawn(finds_width);
    EXPECT_EQ(tn_await(finds_width, below), 640);
    EXPECT_EQ(finds_width(self), 640); // a plain call is the current frame itself
    window->width = 320;
    tn_task(finds_width) again = tn_spawn(finds_width);
    EXPECT_EQ(tn_await(finds_width, again), 320);
    EXPECT_MARKS("");
}

// A frame can carry data and behaviour (a *frame class*: a struct whose life is the frame's, with a
// constructor that takes arguments and a destructor); children find an enclosing frame of a class
// (`find_parent`, starting with the current frame itself, none -> NULL).
CONTRACT(a_class_lives_as_long_as_its_frame_and_is_found_from_below) {
    EXPECT(tn_enclosing(window) == NULL);
    tn_task(has_window) task = tn_spawn(has_window);
    tn_await(has_window, task);
    WAIT_UNTIL(marks_count() > 0); // who waits is woken first
    EXPECT_MARKS("w");
    EXPECT(tn_enclosing(window) == NULL);
}

LEVEL_FRAME(int, depth_of_finding, (int, depth)) {
    if (depth > 0) {
        tn_task(depth_of_finding) below = tn_spawn(depth_of_finding, depth - 1);
        return tn_await(depth_of_finding, below);
    }
    tn_yield(self);
    return tn_enclosing(window)->width;
}

CONTRACT(the_nearest_frame_of_the_class_is_found) {
    struct window *outer;
    EXPECT_EQ(tn_become(window, &outer, 'o', 1), TN_OK);
    tn_task(depth_of_finding) far = tn_spawn(depth_of_finding, 5);
    EXPECT_EQ(tn_await(depth_of_finding, far), 1);
    tn_task(has_window) task = tn_spawn(has_window);
    tn_await(has_window, task);
    EXPECT(tn_enclosing(window) == outer);
}

CONTRACT(a_constructor_that_fails_makes_no_object) {
    struct window *window = &(struct window){1, 2, 'x'};
    EXPECT_EQ(tn_become(window, &window, 'x', -1), -22);
    EXPECT(window == NULL);
    EXPECT(tn_enclosing(window) == NULL);
}

LEVEL_FRAME(void, is_a_dialog) {
    struct dialog *dialog;
    EXPECT_EQ(tn_become(dialog, &dialog), TN_OK);
    EXPECT(dialog->window == tn_enclosing(window));
    (void)tn_hold(self);
    EXPECT(tn_enclosing(dialog) == dialog);
    mark('u');
}

LEVEL_FRAME(void, window_of_dialogs) {
    struct window *window;
    struct dialog *own;
    EXPECT_EQ(tn_become(window, &window, 'w', 1), TN_OK);
    EXPECT_EQ(tn_become(dialog, &own), TN_OK);
    tn_task(is_a_dialog) task = tn_spawn(is_a_dialog);
    EXPECT(tn_share(task) != NULL);
    tn_sleep(self, contract_seconds(0.02));
}

// The destructors of what is below run before those of what encloses it; of one frame, the newest
// first.
CONTRACT(destructors_run_from_the_inside_outwards) {
    tn_task(window_of_dialogs) task = tn_spawn(window_of_dialogs);
    tn_await(window_of_dialogs, task);
    WAIT_UNTIL(marks_count() == 4);
    EXPECT_MARKS("uddw");
}

static int runs_done;

LEVEL_FRAME(int, is_window_as_root) {
    struct window *window;
    EXPECT_EQ(tn_become(window, &window, 'r', 3), TN_OK);
    return ++runs_done;
}

CONTRACT_OUTSIDE(the_destructors_of_root_run_before_the_run_returns) {
    EXPECT_EQ(contract_run(is_window_as_root, NULL), TN_OK);
    EXPECT_MARKS("r");
    EXPECT_EQ(runs_done, 1);
}

// ---- primitives ------------------------------------------------------------------------------

struct button {
    char label;
    struct window *window;
};

TN_PRIMITIVE(window, button, (char, label)) {
    if (label == '!') {
        return -7;
    }
    object->label = label;
    object->window = owner;
    owner->buttons++;
    return TN_OK;
}

TN_DESTRUCTOR(button) {
    object->window->buttons--;
    mark(object->label);
}

LEVEL_FRAME(void, adds_button, (char, label)) {
    struct button *button;
    EXPECT_EQ(tn_create(button, &button, label), TN_OK);
    EXPECT(button->window == tn_enclosing(window));
    EXPECT_EQ(tn_create(button, &button, '!'), -7);
    EXPECT(button == NULL);
}

static struct button *of_the_window;

LEVEL_FRAME(void, window_with_buttons, (bool, is_held)) {
    struct window *window;
    EXPECT_EQ(tn_become(window, &window, 'w', 640), TN_OK);
    struct button *button;
    EXPECT_EQ(tn_create(button, &button, 'a'), TN_OK);
    tn_task(adds_button) below = tn_spawn(adds_button, 'b');
    tn_await(adds_button, below);
    EXPECT_EQ(tn_create(button, &of_the_window, 'c'), TN_OK);
    EXPECT_EQ(window->buttons, 3);
    if (is_held) {
        EXPECT_EQ(tn_hold(self), TN_CANCELLED);
        EXPECT_EQ(window->buttons, 0);
        EXPECT_EQ(of_the_window->label, 'c'); // disposed of, but its memory stays until the end
        tn_dispose(self, of_the_window);
        mark('u');
    }
}

// A *primitive* is an object owned by the nearest enclosing frame of its owner class and disposed
// of with it
CONTRACT(primitives_are_disposed_of_with_their_owner_newest_first) {
    tn_task(window_with_buttons) task = tn_spawn(window_with_buttons, false);
    tn_await(window_with_buttons, task);
    WAIT_UNTIL(marks_count() == 4);
    EXPECT_MARKS("cbaw");
}

CONTRACT(primitives_go_before_the_function_of_a_removed_owner_unwinds) {
    tn_task(window_with_buttons) task = tn_spawn(window_with_buttons, true);
    struct tn_frame *frame = tn_share(task);
    tn_sleep(self, contract_seconds(0.05));
    EXPECT(tn_remove(self, frame));
    WAIT_UNTIL(marks_count() == 5);
    EXPECT_MARKS("cbauw");
}

LEVEL_FRAME(void, disposes, (struct button *, button)) {
    tn_dispose(self, button);
}

CONTRACT(a_primitive_is_disposed_of_early_by_its_owner_or_a_frame_below) {
    struct window *window;
    struct button *a, *b;
    EXPECT_EQ(tn_become(window, &window, 'w', 1), TN_OK);
    EXPECT_EQ(tn_create(button, &a, 'a'), TN_OK);
    EXPECT_EQ(tn_create(button, &b, 'b'), TN_OK);
    tn_dispose(self, NULL);
    tn_dispose(self, a);
    EXPECT_MARKS("a");
    tn_task(disposes) below = tn_spawn(disposes, b);
    tn_await(disposes, below);
    EXPECT_MARKS("b");
    EXPECT_EQ(window->buttons, 0);
}

struct counter {
    _Atomic int made;
    _Atomic int gone;
};

TN_CLASS(counter) {
    (void)object;
    return TN_OK;
}

static _Atomic int gone_at_the_end; // a destructor may run later than who waits goes on

TN_DESTRUCTOR(counter) {
    EXPECT_EQ(object->made, object->gone);
    gone_at_the_end = object->gone;
}

struct mark_of_counter {
    struct counter *counter;
};

TN_PRIMITIVE(counter, mark_of_counter) {
    object->counter = owner;
    owner->made++;
    return TN_OK;
}

TN_DESTRUCTOR(mark_of_counter) {
    object->counter->gone++;
}

LEVEL_FRAME(void, counts_many, (int, count)) {
    struct mark_of_counter *last = NULL;
    for (int i = 0; i < count; i++) {
        struct mark_of_counter *made;
        EXPECT_EQ(tn_create(mark_of_counter, &made), TN_OK);
        if (i % 2 == 1) {
            tn_dispose(self, last);
        }
        last = made;
        tn_yield(self);
    }
}

LEVEL_FRAME(void, counter_of_many) {
    struct counter *counter;
    EXPECT_EQ(tn_become(counter, &counter), TN_OK);
    tn_task(counts_many) each[4];
    for (int i = 0; i < 4; i++) {
        each[i] = tn_spawn(counts_many, 20);
    }
    for (int i = 0; i < 4; i++) {
        tn_await(counts_many, each[i]);
    }
    EXPECT_EQ(counter->made, 80);
    EXPECT_EQ(counter->gone, 40);
}

CONTRACT(primitives_are_made_from_below_on_any_thread) {
    tn_task(counter_of_many) task = tn_spawn(counter_of_many);
    tn_await(counter_of_many, task);
    WAIT_UNTIL(gone_at_the_end > 0);
    EXPECT_EQ(gone_at_the_end, 80);
}

LEVEL_FRAME(int, button_without_window) {
    struct button *button;
    const int code = tn_create(button, &button, 'x');
    EXPECT(button == NULL);
    return code;
}

static void run_button_without_window(void *argument) {
    (void)argument;
    int code = 0;
    EXPECT_EQ(contract_run(button_without_window, &code), TN_OK);
    EXPECT_EQ(code, TN_NO_OWNER);
}

// [...] defined outside such a frame, it is refused with an error that says so.
CONTRACT_OUTSIDE(a_primitive_outside_of_its_owners_class_is_refused) {
    EXPECT_DIES(run_button_without_window, NULL, contract_is_checked() ? SIGABRT : 0,
                "button can't be made outside of a window frame");
}
