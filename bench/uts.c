// uts - counts the nodes of two trees that nobody can divide in advance (uts.h): a PFrame for each
// half of a node's children.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//     tree=T1
//
// T1 is wide and flat, T3 is narrow and 1,572 deep. The small run cuts T1 off at a depth of 5, and
// counts only below the first children of T3's root. Start reading at search.
#include "uts.h"

#include "forkjoin.h"

static const struct uts_tree *tree;
static int root_children;
static long found;

static long count_twin(const struct uts_node *node, int children);

// The nodes below `parent` that begin with the children first to first + count - 1, count > 0.
REAL_CALL static long search_twin(const struct uts_node *parent, int first, int count) {
    if (count > 1) {
        const long right = search_twin(parent, first + count / 2, count - count / 2);
        BARRIER;
        return search_twin(parent, first, count / 2) + right;
    }
    const struct uts_node node = uts_child(parent, first);
    return count_twin(&node, uts_children(tree, &node));
}

static long count_twin(const struct uts_node *node, int children) {
    return 1 + (children > 0 ? search_twin(node, 0, children) : 0);
}

TN_PFRAME(long, search, (const struct uts_node *, parent), (int, first), (int, count)) {
    if (count > 1) {
        tn_task(search) right = tn_spawn(search, parent, first + count / 2, count - count / 2);
        const long left = search(self, parent, first, count / 2);
        return left + tn_await(search, right);
    }
    const struct uts_node node = uts_child(parent, first);
    const int children = uts_children(tree, &node);
    return 1 + (children > 0 ? search(self, &node, 0, children) : 0);
}

static void run_twin(void) {
    const struct uts_node root = uts_root(tree);
    found = count_twin(&root, root_children);
}

// A stolen subtree may be as deep as the whole tree, and each level is a plain call.
static int run_on(int threads) {
    const struct uts_node root = uts_root(tree);
    const int code = tn_run_with(TN_RUN(.num_threads = threads, .stack_bytes = 8 << 20), search,
                                 &found, &root, 0, root_children);
    found++;
    return code;
}

static long expected;

static bool is_right(void) {
    return found == expected;
}

static void measure(const struct uts_tree *which) {
    struct uts_tree chosen = *which;
    tree = &chosen;
    if (measure_is_quick() && chosen.depth_max > 0) {
        chosen.depth_max = 5;
    }
    const struct uts_node root = uts_root(tree);
    root_children = uts_children(tree, &root);
    expected = tree->nodes;
    if (measure_is_quick()) {
        root_children = root_children < 20 ? root_children : 20;
        run_twin();
        expected = found;
    }
    const struct forkjoin bench = {.title = tree->name,
                                   .nodes = (double)expected,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right,
                                   .rounds = 5};
    forkjoin_measure(&bench);
    printf(" tree=%s\n", tree->name);
}

int main(void) {
    measure(&uts_t1);
    measure(&uts_t3);
    return 0;
}
