// A round trip of 64 bytes between two ranks of MPI, which poll and never sleep.
//
//     round_us=0.7
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int count, char **arguments) {
    const int rounds = count > 1 ? atoi(arguments[1]) : 20000;
    char buffer[64] = {0};
    int rank;
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    double *samples = malloc((size_t)rounds * sizeof *samples);
    for (int i = 0; i < rounds; i++) {
        const double begin = MPI_Wtime();
        if (rank == 0) {
            MPI_Send(buffer, sizeof buffer, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
            MPI_Recv(buffer, sizeof buffer, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(buffer, sizeof buffer, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Send(buffer, sizeof buffer, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        }
        samples[i] = MPI_Wtime() - begin;
    }
    qsort(samples, (size_t)rounds, sizeof *samples, compare);
    if (rank == 0) {
        printf("round_us=%.3f\n", samples[rounds / 2] * 1e6);
    }
    MPI_Finalize();
    return 0;
}
