// origin_cook.c - Mapo Tofu four times: one step after the other, by PFrames, in other processes,
// by Frames. After the talk "Concepts for parallel programming" (M. Bergemann), whose lines these
// are.
//
// The rice cools while the rest is done. Which future is the rice is known by its name: the origin
// takes the first that completes for it, and three dishes are ready at the same moment. One hand
// puts the pots on, 5 ms apart, so that what ends together is told in the order of the recipe.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

// When it was ready, and how warm it was then.
TN_DATA(dish, (double, ready), (double, degrees));

static void step(struct tn_self *self, const char *what, double seconds) {
    printf("%s", what);
    fflush(stdout);
    tn_sleep(self, seconds);
    printf("done\n");
    fflush(stdout);
}

static struct dish prepare_rice(struct tn_self *self) {
    step(self, "Washing the rice ... ", 2);
    step(self, "Boiling the rice ... ", 5);
    return (struct dish){tn_now(), 80};
}

static struct dish prepare_spices(struct tn_self *self) {
    step(self, "Blending spices ... ", 2);
    step(self, "Frying spices ...", 5);
    return (struct dish){tn_now(), 120};
}

static struct dish prepare_meat_and_tofu(struct tn_self *self) {
    step(self, "Frying meat ... ", 5);
    step(self, "Mixing tofu...", 2);
    return (struct dish){tn_now(), 90};
}

// The same three for each level.
TN_PFRAME(struct dish, rice_anywhere) {
    return prepare_rice(self);
}
TN_PFRAME(struct dish, spices_anywhere) {
    return prepare_spices(self);
}
TN_PFRAME(struct dish, meat_anywhere) {
    return prepare_meat_and_tofu(self);
}
TN_DFRAME(struct dish, rice_elsewhere) {
    return prepare_rice(self);
}
TN_DFRAME(struct dish, spices_elsewhere) {
    return prepare_spices(self);
}
TN_DFRAME(struct dish, meat_elsewhere) {
    return prepare_meat_and_tofu(self);
}
TN_FRAME(struct dish, rice_here) {
    return prepare_rice(self);
}
TN_FRAME(struct dish, spices_here) {
    return prepare_spices(self);
}
TN_FRAME(struct dish, meat_here) {
    return prepare_meat_and_tofu(self);
}

static void serve(double start, struct dish rice) {
    const double now = tn_now();
    printf("Rice temperature: %.1f\n", rice.degrees - 2 * (now - rice.ready));
    printf("Preperation time: %.3f\n", now - start);
}

static void finish(struct tn_self *self, double start, struct dish rice, const char *mixing) {
    step(self, mixing, 2);
    serve(start, rice);
}

TN_FRAME(void, cook) {
    const double start = tn_now();
    const struct dish rice = prepare_rice(self);
    prepare_spices(self);
    prepare_meat_and_tofu(self);
    finish(self, start, rice, "Mixing oil and meat");
}

TN_FRAME(void, cook_with_pframes) {
    const double start = tn_now();
    struct dish dish = {0, 0};
    struct tn_executor *kitchen = tn_executor_create(self, TN_EXECUTOR(.name = "kitchen"));
    const struct tn_future rice = tn_submit(kitchen, rice_anywhere);
    tn_sleep(self, 0.005);
    tn_submit(kitchen, spices_anywhere);
    tn_sleep(self, 0.005);
    tn_submit(kitchen, meat_anywhere);
    tn_executor_end(self, kitchen);
    tn_result(rice_anywhere, rice, &dish);
    finish(self, start, dish, "Mixing oil and map");
}

TN_FRAME(void, cook_with_dframes) {
    const double start = tn_now();
    struct dish dish = {0, 0};
    struct tn_executor *kitchen = tn_executor_create(self, TN_EXECUTOR(.name = "kitchen"));
    const struct tn_future rice = tn_submit(kitchen, rice_elsewhere);
    tn_sleep(self, 0.005);
    tn_submit(kitchen, spices_elsewhere);
    tn_sleep(self, 0.005);
    tn_submit(kitchen, meat_elsewhere);
    tn_executor_end(self, kitchen);
    tn_result(rice_elsewhere, rice, &dish);
    finish(self, start, dish, "Mixing oil and map");
}

TN_FRAME(void, cook_with_frames) {
    const double start = tn_now();
    struct dish dish = {0, 0};
    struct tn_executor *kitchen = tn_executor_create(self, TN_EXECUTOR(.name = "kitchen"));
    const struct tn_future rice = tn_submit(kitchen, rice_here);
    tn_sleep(self, 0.005);
    tn_submit(kitchen, spices_here);
    tn_sleep(self, 0.005);
    tn_submit(kitchen, meat_here);
    tn_executor_end(self, kitchen);
    tn_result(rice_here, rice, &dish);
    finish(self, start, dish, "Mixing oil and meat");
}

int main(int argc, char **argv) {
    const struct tn_run_options *options = tn_run_arguments(TN_RUN(.num_processes = 3), argc, argv);
    int code = tn_run_with(options, cook, NULL);
    if (code == TN_OK) {
        printf("\n");
        code = tn_run_with(options, cook_with_pframes, NULL);
    }
    if (code == TN_OK) {
        printf("\n");
        fflush(stdout);
        code = tn_run_with(options, cook_with_dframes, NULL);
    }
    if (code == TN_OK) {
        printf("\n");
        code = tn_run_with(options, cook_with_frames, NULL);
    }
    return code < 0 ? tn_complain(code) : 0;
}
