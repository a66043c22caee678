/* SPDX-License-Identifier: GPL-2.0 */

#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

#define SECOND 1000000000ull

/* Say why and exit. */
void die(const char *what);

/* CLOCK_MONOTONIC in ns; under -icount, instructions. */
uint64_t now(void);

/*
 * Traffic between this namespace and that of the peer.  prepare() connects and
 * warms up, run() is what is measured, report() prints what is particular to
 * the load as members of a JSON object.
 */
void net_prepare(const char *mode, unsigned int count, unsigned int size);
void net_run(void);
void net_report(void);

/* Bring an interface up and wait for the first frame, which the peer sends each 100 us. */
void ifup_prepare(const char *ifname);
void ifup_run(void);
void ifup_report(void);

/* TCP to a peer in another guest. */
void remote_serve(void);
void remote_quit(void);
void remote_prepare(const char *mode, unsigned int mebibytes);
void remote_run(void);

#endif
