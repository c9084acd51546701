// order.c - see order.h. Start reading at order_take.
#include "sync/order.h"

#include "base/check.h"
#include "base/sentence.h"
#include "frame/current.h"
#include "frame/run.h"
#include "frame/tree.h"
#include "scheduler/task_stack.h"

// How many locks may be held, by those whose addresses fall together; how many such groups; how
// many pairs are remembered; how far it is searched for a circle, and how long one is told.
enum { HELD_MAX = 8, GROUPS = 64, PAIRS = 1024, STEPS_MAX = 64, LENGTH_MAX = 8 };

enum { NAME_BYTES = 32, WHO_BYTES = 128, SITE_BYTES = 128 };

struct held {
    const struct tn_self *by; // NULL: none
    uint64_t life;            // of its stack: in another one it has ended, and held it still
    uint32_t lock;
    const void *site;
    char name[NAME_BYTES];
};

struct pair {
    uint32_t held; // 0: none
    uint32_t taken;
    uint32_t gate; // another lock that was held, too; 0: none
    bool is_told;
    const void *held_site;
    const void *taken_site;
    char held_name[NAME_BYTES];
    char taken_name[NAME_BYTES];
    char who[WHO_BYTES];
};

static struct os_lock order_lock = OS_LOCK_INIT;
static uint32_t last_number;
static struct held held_locks[GROUPS][HELD_MAX];
static struct pair pairs[PAIRS];

static struct held *group_of(const struct tn_self *self) {
    return held_locks[((uintptr_t)self >> 6) * 0x9e3779b97f4a7c15u >> 58 & (GROUPS - 1)];
}

static struct pair *slot_of(uint32_t held, uint32_t taken) {
    return &pairs[(((uint64_t)held << 32 | taken) * 0x9e3779b97f4a7c15u) >> 54 & (PAIRS - 1)];
}

static bool is_pair(const struct pair *pair, uint32_t held, uint32_t taken) {
    return pair->held == held && pair->taken == taken;
}

// ---- searching -------------------------------------------------------------------------------

struct circle {
    struct pair *pairs[LENGTH_MAX];
    int length;
};

// Whether who takes it holds that lock as well.
static bool has(const struct held *group, const struct tn_self *self, uint32_t lock) {
    for (int i = 0; i < HELD_MAX; i++) {
        if (group[i].by == self && group[i].lock == lock) {
            return true;
        }
    }
    return false;
}

// How the search came to a lock.
struct step {
    uint32_t lock;
    struct pair *by;
    int from; // the step before; -1: it begins here
};

// From where the new pair leads to, by older ones, back to where it begins; the shortest way first.
static bool find_circle(struct circle *circle, struct pair *closes) {
    struct step steps[STEPS_MAX] = {{closes->taken, closes, -1}};
    int count = 1;
    for (int i = 0; i < count; i++) {
        if (steps[i].lock == closes->held) {
            circle->length = 0;
            for (int at = i; at >= 0 && circle->length < LENGTH_MAX; at = steps[at].from) {
                circle->pairs[circle->length++] = steps[at].by;
            }
            return circle->pairs[circle->length - 1] == closes; // else it is too long
        }
        for (int j = 0; j < PAIRS && count < STEPS_MAX; j++) {
            bool is_known = pairs[j].held != steps[i].lock;
            for (int k = 0; k < count && !is_known; k++) {
                is_known = steps[k].lock == pairs[j].taken;
            }
            if (!is_known) {
                steps[count++] = (struct step){pairs[j].taken, &pairs[j], i};
            }
        }
    }
    return false;
}

// Whether there is something to tell: nobody has been told of it, and no lock that the taker holds
// keeps it apart from the others.
static bool is_news(const struct circle *circle, const struct held *group,
                    const struct tn_self *self) {
    bool is_new = false;
    for (int i = 0; i + 1 < circle->length; i++) { // the last one is the taker's own
        const struct pair *pair = circle->pairs[i];
        if (pair->gate != 0 && has(group, self, pair->gate)) {
            return false;
        }
        is_new = is_new || !pair->is_told;
    }
    return is_new || !circle->pairs[circle->length - 1]->is_told;
}

// ---- telling ---------------------------------------------------------------------------------

static void copy_name(char *to, size_t bytes, const char *kind, const char *name) {
    struct sentence sentence;
    sentence_init(&sentence, to, bytes);
    sentence_add(&sentence, kind);
    sentence_add(&sentence, " ");
    sentence_add(&sentence, name != NULL ? name : "(without a name)");
}

static void describe_self(char *text, size_t bytes, struct tn_self *self) {
    if (current_is_outside(self)) {
        struct sentence sentence;
        sentence_init(&sentence, text, bytes);
        sentence_add(&sentence, "a thread in no run");
    } else {
        (void)tree_path(tree_place_on(task_stack_of(self)), text, bytes);
    }
}

static void compose(char *line, const struct pair *pair, bool is_new) {
    char site[SITE_BYTES];
    struct sentence sentence;
    sentence_init(&sentence, line, RUN_MESSAGE_BYTES);
    sentence_add(&sentence, is_new ? "order: " : "order: before that, ");
    sentence_add(&sentence, pair->who);
    sentence_add(&sentence, is_new ? " takes the " : " took the ");
    sentence_add(&sentence, pair->taken_name);
    sentence_add(&sentence, " in ");
    os_describe_address(pair->taken_site, site, sizeof site);
    sentence_add(&sentence, site);
    sentence_add(&sentence, is_new ? " while it holds the " : " while it held the ");
    sentence_add(&sentence, pair->held_name);
    sentence_add(&sentence, ", taken in ");
    os_describe_address(pair->held_site, site, sizeof site);
    sentence_add(&sentence, site);
}

// Put together under the lock, said without it.
struct story {
    char lines[LENGTH_MAX][RUN_MESSAGE_BYTES];
    int count;
};

static void tell(const struct story *story) {
    const struct worker *worker = worker_current();
    static const char first[] = "order: locks are taken in orders that contradict each other, so "
                                "that frames may come to hang: take them in one order everywhere";
    for (int i = -1; i < story->count; i++) {
        const char *line = i < 0 ? first : story->lines[i];
        if (worker != NULL) {
            run_tell(worker->scheduler->upper, line);
        } else {
            char text[RUN_MESSAGE_BYTES + 16];
            struct sentence sentence;
            sentence_init(&sentence, text, sizeof text);
            sentence_add(&sentence, "tenon: ");
            sentence_add(&sentence, line);
            sentence_add(&sentence, "\n");
            os_write_error(text);
        }
    }
}

// ---- taking and giving -----------------------------------------------------------------------

static void look_for_circle(struct story *story, struct tn_self *self, struct pair *pair) {
    struct circle circle;
    if (story->count == 0 && find_circle(&circle, pair) && is_news(&circle, group_of(self), self)) {
        for (int i = circle.length; i-- > 0;) {
            circle.pairs[i]->is_told = true;
            compose(story->lines[story->count++], circle.pairs[i], i == circle.length - 1);
        }
    }
}

// Under the lock: the taker holds `held`, too, and `gate`.
static void remember(struct story *story, struct tn_self *self, const struct held *held,
                     uint32_t gate, const struct order_lock *lock) {
    struct pair *pair = slot_of(held->lock, *lock->number);
    if (is_pair(pair, held->lock, *lock->number)) {
        if (pair->gate != 0 && pair->gate != gate) { // it is not always held
            pair->gate = 0;
            look_for_circle(story, self, pair);
        }
        return;
    }
    *pair = (struct pair){.held = held->lock,
                          .taken = *lock->number,
                          .gate = gate,
                          .held_site = held->site,
                          .taken_site = lock->site};
    __builtin_memcpy(pair->held_name, held->name, sizeof held->name);
    copy_name(pair->taken_name, sizeof pair->taken_name, lock->kind, lock->name);
    describe_self(pair->who, sizeof pair->who, self);
    look_for_circle(story, self, pair);
}

// Of the other locks that the taker holds the one that was seen first; 0: there is none.
static uint32_t gate_beside(const struct held *group, const struct tn_self *self,
                            const struct held *held) {
    uint32_t gate = 0;
    for (int i = 0; i < HELD_MAX; i++) {
        const bool is_other = group[i].by == self && &group[i] != held;
        gate = is_other && (gate == 0 || group[i].lock < gate) ? group[i].lock : gate;
    }
    return gate;
}

static uint64_t life_of(struct tn_self *self) {
    return current_is_outside(self) ? 0
                                    : atomic_load_relaxed(&task_stack_of(self)->memory.generation);
}

void order_take(struct tn_self *self, const struct order_lock *lock, bool waited) {
    struct story story;
    story.count = 0;
    os_lock_acquire(&order_lock);
    if (*lock->number == 0) {
        *lock->number = ++last_number;
    }
    struct held *group = group_of(self);
    struct held *room = NULL;
    const uint64_t life = life_of(self);
    for (int i = 0; i < HELD_MAX; i++) {
        struct held *held = &group[i];
        if (held->by == self && held->life != life) {
            held->by = NULL;
        }
        if (held->by == NULL) {
            room = held;
        } else if (held->by == self && held->lock != *lock->number && waited) {
            remember(&story, self, held, gate_beside(group, self, held), lock);
        }
    }
    if (room != NULL) {
        room->by = self;
        room->life = life;
        room->lock = *lock->number;
        room->site = lock->site;
        copy_name(room->name, sizeof room->name, lock->kind, lock->name);
    }
    os_lock_release(&order_lock);
    if (story.count > 0) {
        tell(&story);
    }
}

void order_give(const struct tn_self *self, uint32_t number) {
    os_lock_acquire(&order_lock);
    struct held *group = group_of(self);
    bool is_done = false;
    for (int i = 0; i < HELD_MAX && !is_done; i++) {
        is_done = group[i].by == self && group[i].lock == number;
        if (is_done) {
            group[i].by = NULL;
        }
    }
    os_lock_release(&order_lock);
}
