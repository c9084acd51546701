// ear.c - see ear.h.
#include "cluster/ear.h"

void ear_init(struct ear *ear) {
    *ear = (struct ear){.link = NULL};
    os_lock_init(&ear->turn);
}

// Somebody may have listened when there was no link yet.
int ear_open(struct ear *ear, struct reactor *reactor, struct link *link) {
    const int bell = link->calls->doorbell(link);
    const int code = os_poll_add(&reactor->poll, bell, REACTOR_DOORBELL);
    if (code == OS_OK) {
        ear->reactor = reactor;
        ear->link = link;
        ear->is_armed = false;
        if (ear->listeners == 0 && !ear_end(ear, false)) {
            os_poll_wake(&reactor->poll);
        }
    }
    return code;
}

void ear_close(struct ear *ear) {
    os_poll_remove(&ear->reactor->poll, ear->link->calls->doorbell(ear->link));
    ear->link = NULL;
}

void ear_begin(struct ear *ear) {
    ear->listeners++;
    if (ear->link != NULL && ear->is_armed) {
        ear->is_armed = false;
        ear->link->calls->awake(ear->link);
    }
}

bool ear_end(struct ear *ear, bool has_listened) {
    ear->listeners -= has_listened ? 1 : 0;
    if (ear->listeners > 0 || ear->link == NULL) {
        return true;
    }
    // Also if it is armed: the bell may have rung since.
    ear->is_armed = true;
    return ear->link->calls->sleep(ear->link);
}
