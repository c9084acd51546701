// list.h - an intrusive doubly linked list.
//
// Invariant: a ring through the head: node->next->prev == node for every node and for the head.
// A node on no list has next == NULL (list_node_init, list_remove), so that "is it queued?" can be
// asked of the node alone. Nothing allocates. Start reading at list_push_back.
#ifndef TENON_BASE_LIST_H
#define TENON_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bits.h"
#include "base/check.h"

struct list_node {
    struct list_node *next;
    struct list_node *prev;
};

// The head is a node of its own ring; a separate type keeps the two from being mixed up.
struct list {
    struct list_node head;
};

// A static initialiser for a list that is named `name`.
#define LIST_INIT(name) {{&(name).head, &(name).head}}

static inline void list_init(struct list *list) {
    list->head.next = &list->head;
    list->head.prev = &list->head;
}

static inline void list_node_init(struct list_node *node) {
    node->next = NULL;
    node->prev = NULL;
}

// True while the node is on some list. The node must have been initialised.
static inline bool list_is_linked(const struct list_node *node) {
    return node->next != NULL;
}

static inline bool list_is_empty(const struct list *list) {
    return list->head.next == &list->head;
}

// Links `node` behind `at`, which may be the head. `node` must be on no list.
static inline void list_insert_after(struct list_node *at, struct list_node *node) {
    node->next = at->next;
    node->prev = at;
    at->next->prev = node;
    at->next = node;
}

static inline void list_push_front(struct list *list, struct list_node *node) {
    list_insert_after(&list->head, node);
}

static inline void list_push_back(struct list *list, struct list_node *node) {
    list_insert_after(list->head.prev, node);
}

// Takes `node` off the list it is on; it must be on one.
static inline void list_remove(struct list_node *node) {
    ASSERT(node->next != NULL && node->next->prev == node && node->prev->next == node);
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_node_init(node);
}

// Puts `node`, which is on no list, in the place of `former` there.
static inline void list_replace(const struct list_node *former, struct list_node *node) {
    ASSERT(former->next != NULL && former->next->prev == former && former->prev->next == former);
    *node = *former;
    node->prev->next = node;
    node->next->prev = node;
}

// The first or last node, or NULL when the list is empty.
static inline struct list_node *list_first(const struct list *list) {
    return list_is_empty(list) ? NULL : list->head.next;
}

static inline struct list_node *list_last(const struct list *list) {
    return list_is_empty(list) ? NULL : list->head.prev;
}

// The node after `node`, or NULL when it is the last one of `list`.
static inline struct list_node *list_next(const struct list *list, const struct list_node *node) {
    return node->next == &list->head ? NULL : node->next;
}

static inline struct list_node *list_pop_front(struct list *list) {
    struct list_node *node = list_first(list);
    if (node != NULL) {
        list_remove(node);
    }
    return node;
}

static inline struct list_node *list_pop_back(struct list *list) {
    struct list_node *node = list_last(list);
    if (node != NULL) {
        list_remove(node);
    }
    return node;
}

// Moves every node of `from` behind those of `to`, in order, in constant time; `from` ends empty.
static inline void list_append(struct list *to, struct list *from) {
    if (list_is_empty(from)) {
        return;
    }
    from->head.next->prev = to->head.prev;
    to->head.prev->next = from->head.next;
    from->head.prev->next = &to->head;
    to->head.prev = from->head.prev;
    list_init(from);
}

// Every node in order. The body may not unlink anything; use LIST_EACH_SAFE where it does.
#define LIST_EACH(list, node)                                                                      \
    for (struct list_node *node = (list)->head.next; node != &(list)->head; node = node->next)

// Every node in order; the body may unlink (and free) the node it is at.
#define LIST_EACH_SAFE(list, node, after)                                                          \
    for (struct list_node *node = (list)->head.next, *after = node->next; node != &(list)->head;   \
         node = after, after = node->next)

// Walks the ring both ways and returns the number of nodes.
static inline size_t list_check(const struct list *list) {
    size_t count = 0;
    const struct list_node *node = &list->head;
    do {
        ASSERT(node->next->prev == node && node->prev->next == node);
        node = node->next;
        count++;
    } while (node != &list->head);
    return count - 1;
}

#endif
