// order.c - see order.h.
#include "sync/order.h"

#include "base/check.h"
#include "base/sentence.h"
#include "frame/current.h"
#include "frame/run.h"
#include "frame/tree.h"
#include "scheduler/task_stack.h"

// How many locks may be held, by those whose addresses fall together; how many such groups; how
// many pairs are remembered; how long a circle is found.
enum { HELD_MAX = 8, GROUPS = 64, PAIRS = 1024, LENGTH_MAX = 8 };

enum { NAME_BYTES = 32, WHO_BYTES = 128, SITE_BYTES = 128 };

struct held {
    const struct tn_self *by; // NULL: none
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

// From `lock` by pairs to `end`, the shortest way first: up to so many of them.
static bool find_way(struct circle *circle, uint32_t lock, uint32_t end, int most) {
    for (int i = 0; most > 0 && i < PAIRS; i++) {
        struct pair *pair = &pairs[i];
        if (pair->held != lock || (most == 1 && pair->taken != end)) {
            continue;
        }
        circle->pairs[circle->length++] = pair;
        if (most == 1 || find_way(circle, pair->taken, end, most - 1)) {
            return true;
        }
        circle->length--;
    }
    return false;
}

// A circle that `pair` closes, which nobody has been told of; `group`: what its taker holds.
static bool find_circle(struct circle *circle, struct pair *pair, const struct held *group,
                        const struct tn_self *self) {
    for (int most = 1; most < LENGTH_MAX; most++) {
        circle->pairs[0] = pair;
        circle->length = 1;
        if (find_way(circle, pair->taken, pair->held, most)) {
            bool is_news = false, is_gated = false;
            for (int i = 1; i < circle->length; i++) {
                is_news = is_news || !circle->pairs[i]->is_told;
                is_gated = is_gated || (circle->pairs[i]->gate != 0 &&
                                        has(group, self, circle->pairs[i]->gate));
            }
            return is_news && !is_gated;
        }
    }
    return false;
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
    sentence_add(&sentence, " and holds the ");
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
                                "that frames may wait for each other for ever: take them in one "
                                "order everywhere";
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

// Under the lock: the taker holds `held`, too, and `gate`.
static void remember(struct story *story, struct tn_self *self, const struct held *held,
                     uint32_t gate, const struct order_lock *lock) {
    struct pair *pair = slot_of(held->lock, *lock->number);
    if (is_pair(pair, held->lock, *lock->number)) {
        pair->gate = pair->gate == gate ? gate : 0;
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
    struct circle circle;
    if (story->count == 0 && find_circle(&circle, pair, group_of(self), self)) {
        for (int i = 0; i < circle.length; i++) {
            circle.pairs[i]->is_told = true;
            compose(story->lines[story->count++], circle.pairs[i], i == 0);
        }
    }
}

// Another lock than `held` that the taker holds; 0: none.
static uint32_t gate_beside(const struct held *group, const struct tn_self *self,
                            const struct held *held) {
    for (int i = 0; i < HELD_MAX; i++) {
        if (group[i].by == self && &group[i] != held) {
            return group[i].lock;
        }
    }
    return 0;
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
    for (int i = 0; i < HELD_MAX; i++) {
        struct held *held = &group[i];
        if (held->by == NULL) {
            room = held;
        } else if (held->by == self && held->lock != *lock->number && waited) {
            remember(&story, self, held, gate_beside(group, self, held), lock);
        }
    }
    if (room != NULL) {
        room->by = self;
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
