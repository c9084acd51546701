// driver.c - turns models, mutations and weakened orderings into tests.
//
// Invariant: a mutation or a weakened ordering that no model catches is a failed test: either the
// line is not needed, or the models do not show why it is. Start reading at model_test.
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "model/sites.h"

static struct model *first_model;
static struct model_unneeded *first_unneeded;

void model_register(struct model *model) {
    model->next = first_model;
    first_model = model;
}

void model_register_unneeded(struct model_unneeded *unneeded) {
    unneeded->next = first_unneeded;
    first_unneeded = unneeded;
}

void model_test(const struct model *model) {
    static struct model_result result;
    model_explore(model, NULL, NULL, &result);
    if (result.failed) {
        fprintf(stderr, "execution %llu failed: %s\n%s", (unsigned long long)result.executions,
                result.failure, result.trace);
    }
    char extent[64] = "every interleaving";
    if (model->preemptions_max > 0) {
        snprintf(extent, sizeof extent, "at most %d preemptions", model->preemptions_max);
    }
    TEST_NOTE("%s of %d threads: %llu executions, %llu pruned, %llu cut", extent, model->threads,
              (unsigned long long)result.executions, (unsigned long long)result.pruned,
              (unsigned long long)result.cut);
    EXPECT(!result.failed);
    EXPECT(result.is_complete);
}

// Whether some model fails with that change; says which.
static bool is_caught(const char *mutation, const char *weakened) {
    static struct model_result result;
    for (struct model *model = first_model; model != NULL; model = model->next) {
        struct model search = *model;
        if (search.search_preemptions_max > 0) {
            search.preemptions_max = search.search_preemptions_max;
        }
        model_explore(&search, mutation, weakened, &result);
        if (result.failed) {
            const char *change = mutation != NULL ? mutation : sites_short(weakened);
            TEST_NOTE("%s: %s, execution %llu: %s", change, model->name,
                      (unsigned long long)result.executions, result.failure);
            return true;
        }
    }
    return false;
}

void model_test_mutation(const char *name) {
    EXPECT(is_caught(name, NULL));
}

static bool is_declared_unneeded(const char *site) {
    for (struct model_unneeded *at = first_unneeded; at != NULL; at = at->next) {
        if (sites_matches(site, at->file, at->text)) {
            at->used = true;
            return true;
        }
    }
    return false;
}

TEST(every_ordering_that_the_models_meet_is_needed, .seconds = 600) {
    int survivors = 0;
    if (first_model == NULL) {
        TEST_SKIP("this program declares no models");
    }
    EXPECT(!is_caught("nothing", NULL)); // and meets the orderings
    if (sites_count() == 0) {
        TEST_SKIP("the sources of these models have no orderings: they run on one thread");
    }
    for (int i = 0; i < sites_count(); i++) {
        bool declared = is_declared_unneeded(sites_at(i));
        bool caught = is_caught(NULL, sites_at(i));
        if (caught == declared) {
            fprintf(stderr, "%s %s\n", sites_short(sites_at(i)),
                    declared ? "is declared unneeded, but weakening it is caught"
                             : "survives being weakened to relaxed");
            survivors++;
        }
    }
    for (struct model_unneeded *at = first_unneeded; at != NULL; at = at->next) {
        EXPECT(at->used);
    }
    TEST_NOTE("%d sites with an order, each weakened in turn", sites_count());
    EXPECT_EQ(survivors, 0);
}
