// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic for the measurements.  One process makes the sockets of both ends, by
 * changing its network namespace; then each end that has something to do gets a
 * process of its own, which warms up and waits for the start.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "work.h"

#define NEAR_ADDRESS	"10.9.9.2"
#define FAR_ADDRESS	"10.9.9.1"
#define FAR_NETNS	"/run/netns/peer"
#define PORT		5001
#define MAX_COUNT	20000
#define MAX_PROCESSES	4
#define READY_SECONDS	10
#define WARM_COUNT	20
#define WARM_BYTES	(256 * 1024)
#define CHUNK		(64 * 1024)
#define UDP_BUFFER	(32 << 20)
#define UDP_QUIET_US	50000

enum end { NEAR, FAR };

/* What the processes share. */
static struct {
	unsigned int ready;
	bool sent_all;
	uint64_t start, last;
	uint64_t received;
	uint32_t times[MAX_COUNT];
} *shared;

static int go[2], finished[2];
static int readers, processes;
static pid_t process[MAX_PROCESSES];
static bool rr;
static unsigned int count, size;
static uint64_t frames_before;
static int netns[2];
static char buffer[CHUNK];

static void enter(enum end end)
{
	if (setns(netns[end], CLONE_NEWNET))
		die("setns");
}

static int make_socket(enum end end, int type)
{
	struct timeval quiet = { .tv_usec = UDP_QUIET_US };
	int fd, one = 1, room = UDP_BUFFER;

	enter(end);
	fd = socket(AF_INET, type, 0);
	enter(NEAR);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
		 (!rr && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof(quiet))))
		die("setsockopt");
	return fd;
}

static struct sockaddr_in address(enum end end, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, end == NEAR ? NEAR_ADDRESS : FAR_ADDRESS, &to.sin_addr);
	return to;
}

/* A connection whose sockets are fd[NEAR] and fd[FAR]. */
static void connection(int type, int port, int fd[2])
{
	struct sockaddr_in far = address(FAR, port), near = address(NEAR, port);
	int listener;

	fd[NEAR] = make_socket(NEAR, type);
	fd[FAR] = make_socket(FAR, type);
	if (bind(fd[FAR], (void *)&far, sizeof(far)) ||
	    (type == SOCK_DGRAM && bind(fd[NEAR], (void *)&near, sizeof(near))))
		die("bind");
	if (type == SOCK_STREAM) {
		listener = fd[FAR];
		if (listen(listener, 1) || connect(fd[NEAR], (void *)&far, sizeof(far)))
			die("connect");
		fd[FAR] = accept(listener, NULL, NULL);
		if (fd[FAR] < 0)
			die("accept");
		close(listener);
		setsockopt(fd[FAR], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	} else if (connect(fd[NEAR], (void *)&far, sizeof(far)) || connect(fd[FAR], (void *)&near, sizeof(near))) {
		die("connect");
	}
}

static void wait_for_go(void)
{
	char byte;

	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	if (read(go[0], &byte, 1) != 1)
		_exit(1);
}

/* This process goes on as one of the load's if this returns true. */
static bool another_process(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		process[processes++] = pid;
	return !pid;
}

static void finish(void)
{
	if (write(finished[1], "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void send_bytes(int fd, uint64_t bytes)
{
	while (bytes) {
		ssize_t done = write(fd, buffer, bytes < CHUNK ? bytes : CHUNK);

		if (done < 0)
			die("write");
		bytes -= done;
	}
}

static void receive_bytes(int fd, uint64_t bytes)
{
	while (bytes) {
		ssize_t done = read(fd, buffer, bytes < CHUNK ? bytes : CHUNK);

		if (done <= 0)
			die("read");
		bytes -= done;
	}
}

static void send_datagrams(int fd, unsigned int number)
{
	while (number)
		if (send(fd, buffer, size, 0) >= 0)
			number--;
		else if (errno != ENOBUFS)
			die("send");
}

/* Until all came, or nothing more comes. */
static void receive_datagrams(int fd, unsigned int number)
{
	while (number) {
		if (recv(fd, buffer, sizeof(buffer), 0) >= 0) {
			shared->received++;
			shared->last = now();
			number--;
		} else if (errno == EAGAIN && shared->sent_all) {
			break;
		}
	}
}

static void flow(int type, enum end sender, int port)
{
	bool tcp = type == SOCK_STREAM;
	int fd[2];

	connection(type, port, fd);
	readers++;
	if (another_process()) {
		if (tcp)
			send_bytes(fd[sender], WARM_BYTES);
		else
			send_datagrams(fd[sender], WARM_COUNT);
		wait_for_go();
		if (tcp)
			send_bytes(fd[sender], (uint64_t)count * size);
		else
			send_datagrams(fd[sender], count);
		shared->sent_all = true;
		for (;;)
			pause();
	}
	if (another_process()) {
		if (tcp)
			receive_bytes(fd[!sender], WARM_BYTES);
		else
			receive_datagrams(fd[!sender], WARM_COUNT);
		shared->received = 0;
		wait_for_go();
		if (tcp) {
			receive_bytes(fd[!sender], (uint64_t)count * size);
			shared->last = now();
			__atomic_fetch_add(&shared->received, count, __ATOMIC_SEQ_CST);
		} else {
			receive_datagrams(fd[!sender], count);
		}
		finish();
	}
	close(fd[NEAR]);
	close(fd[FAR]);
}

static void echo_forever(int fd)
{
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		if (send(fd, buffer, got, 0) != got)
			die("echo");
}

static void request_response(int type)
{
	unsigned int i;
	int fd[2];

	connection(type, PORT, fd);
	if (another_process()) {
		__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
		echo_forever(fd[FAR]);
		_exit(0);
	}
	readers++;
	if (another_process()) {
		for (i = 0; i < WARM_COUNT + count; i++) {
			uint64_t start;

			if (i == WARM_COUNT)
				wait_for_go();
			start = now();
			if (send(fd[NEAR], buffer, size, 0) != (ssize_t)size ||
			    recv(fd[NEAR], buffer, sizeof(buffer), 0) != (ssize_t)size)
				die("transaction");
			shared->last = now();
			if (i >= WARM_COUNT)
				shared->times[i - WARM_COUNT] = shared->last - start;
		}
		shared->received = count;
		finish();
	}
	close(fd[NEAR]);
	close(fd[FAR]);
}

/* Frames that the peer's interface sent and received: what was on the wire. */
static uint64_t frames(void)
{
	unsigned long long in = 0, out = 0;
	char line[512];
	FILE *file;

	enter(FAR);
	file = fopen("/proc/thread-self/net/dev", "r");
	while (file && fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':');

		if (at && !strstr(line, "lo:"))
			sscanf(at + 1, "%*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", &in, &out);
	}
	if (file)
		fclose(file);
	enter(NEAR);
	return in + out;
}

void net_prepare(const char *mode, unsigned int number, unsigned int bytes)
{
	uint64_t deadline;

	count = number > MAX_COUNT ? MAX_COUNT : number;
	size = bytes;
	netns[NEAR] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	netns[FAR] = open(FAR_NETNS, O_RDONLY | O_CLOEXEC);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (netns[NEAR] < 0 || netns[FAR] < 0 || shared == MAP_FAILED || pipe(go) || pipe(finished))
		die("net");
	rr = strstr(mode, "_rr");
	if (!strcmp(mode, "tcp_rr"))
		request_response(SOCK_STREAM);
	else if (!strcmp(mode, "udp_rr"))
		request_response(SOCK_DGRAM);
	else if (!strcmp(mode, "tcp_send"))
		flow(SOCK_STREAM, NEAR, PORT);
	else if (!strcmp(mode, "tcp_recv"))
		flow(SOCK_STREAM, FAR, PORT);
	else if (!strcmp(mode, "udp_send"))
		flow(SOCK_DGRAM, NEAR, PORT);
	else if (!strcmp(mode, "udp_recv"))
		flow(SOCK_DGRAM, FAR, PORT);
	else if (!strcmp(mode, "tcp_both")) {
		flow(SOCK_STREAM, NEAR, PORT);
		flow(SOCK_STREAM, FAR, PORT + 1);
	} else {
		die(mode);
	}
	deadline = now() + READY_SECONDS * SECOND;
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) < (unsigned int)processes) {
		if (now() > deadline)
			die("the processes are not ready");
		usleep(1000);
	}
	frames_before = frames();
}

void net_run(void)
{
	char byte[MAX_PROCESSES] = {};
	int i;

	shared->start = now();
	if (write(go[1], byte, rr ? 1 : processes) < 0)
		die("go");
	for (i = 0; i < readers; i++)
		if (read(finished[0], byte, 1) != 1)
			die("finished");
}

static int by_time(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : *(const uint32_t *)a > *(const uint32_t *)b;
}

void net_report(void)
{
	uint64_t ns = shared->last - shared->start;

	printf(", \"frames\": %llu, \"count\": %llu, \"sent\": %llu, \"bytes\": %llu, \"load_ns\": %llu",
	       (unsigned long long)(frames() - frames_before), (unsigned long long)shared->received,
	       (unsigned long long)count * readers, (unsigned long long)shared->received * size, (unsigned long long)ns);
	if (rr) {
		qsort(shared->times, count, sizeof(shared->times[0]), by_time);
		printf(", \"p50_ns\": %u, \"p99_ns\": %u", shared->times[count / 2], shared->times[count * 99 / 100]);
	}
	while (processes)
		kill(process[--processes], SIGTERM);
}
