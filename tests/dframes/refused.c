// Declarations that must not compile: one for each value of REFUSED. check.sh looks for the
// sentence.
#include <tenon.h>

struct undeclared {
    double x;
};
TN_DATA(point, (double, x), (double, y));

#if REFUSED == 0 // all of these are right
TN_DFRAME(struct point, right, (struct point, p), (tn_doubles, d), (tn_text, t), (char, c)) {
    (void)d, (void)t, (void)c;
    return p;
}
TN_DATA(line, (struct point, from), (struct point, to));
TN_DFRAME(tn_doubles, arrays_too, (tn_doubles, x)) {
    return x;
}
TN_DLOCAL(struct point, middle);
TN_PROCESS_QUEUE(struct line, lines);
TN_PROCESS_QUEUE(unsigned, counts);
TN_PROCESS_QUEUE(tn_text, texts);
TN_PROCESS_QUEUE(tn_doubles, rows);
TN_DFRAME(int, uses_queues, (struct tn_port, port)) {
    unsigned count = 0;
    struct line line;
    (void)tn_port_get(lines, port, &line);
    (void)tn_port_put(counts, port, count);
    tn_text text;
    (void)tn_port_get(texts, port, &text);
    (void)tn_port_put(rows, port, tn_doubles_of(&line.from.x, 1));
    return tn_port_try_get(counts, port, &count);
}
TN_DFRAME(void, no_parameters) {
}
#elif REFUSED == 1  // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
TN_DFRAME(int, wrong, (double *, p)) {
    return (int)*p;
}
#elif REFUSED == 2  // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
TN_DFRAME(int, wrong, (int, n), (const char *, text)) {
    return text[n];
}
#elif REFUSED == 3  // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
TN_DFRAME(void *, wrong, (int, n)) {
    return n == 0 ? NULL : NULL;
}
#elif REFUSED == 4  // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
TN_DATA(holder, (int, n), (int *, p));
#elif REFUSED == 5  // sentence: this type does not travel: use a scalar, a structure
TN_DFRAME(int, wrong, (long double, x)) {
    return (int)x;
}
#elif REFUSED == 6  // sentence: the result of a DFrame is a scalar, a structure
TN_DFRAME(long double, wrong, (tn_doubles, x)) {
    return x.data[0];
}
#elif REFUSED == 7  // sentence: a structure that travels is flat: scalars
TN_DATA(holder, (int, n), (tn_text, text));
#elif REFUSED == 8  // sentence: tn_data_of_undeclared
TN_DFRAME(double, wrong, (struct undeclared, u)) {
    return u.x;
}
#elif REFUSED == 9  // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
typedef struct point *handle;
TN_DFRAME_DECLARE(double, wrong, (handle, h));
#elif REFUSED == 10 // sentence: a frame-local value that travels is a scalar, or a structure
TN_DLOCAL(tn_text, wrong);
#elif REFUSED == 11 // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
TN_DLOCAL(const char *, wrong);
#elif REFUSED == 12 // sentence: the items of a process queue are scalars, structures declared by
TN_PROCESS_QUEUE(long double, wrong);
#elif REFUSED == 13 // sentence: a pointer means nothing in another process: pass tn_text, tn_bytes
TN_PROCESS_QUEUE(const char *, wrong);
#endif

TN_PFRAME(int, pointers_are_fine_here, (int *, p)) {
    return *p;
}

int main(void) {
    int n = 0, answer;
    return tn_run(pointers_are_fine_here, &answer, &n);
}
