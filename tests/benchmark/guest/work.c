// SPDX-License-Identifier: GPL-2.0
/*
 * The measured loads, as the guest runs them; each between two marks that the
 * counting plugin sees (../plugin/count.c).  Prints one line of JSON per phase.
 *
 *	work NUMBER NAME IRQ write FILE TEXT	write TEXT to FILE
 *	work NUMBER NAME IRQ sleep MS
 *	work NUMBER NAME IRQ insmod FILE
 *	work NUMBER NAME IRQ run CMD...
 *
 *	work NUMBER NAME IRQ net MODE COUNT SIZE	see net.c
 *	work NUMBER NAME IRQ ifup INTERFACE	see ifup.c
 *	work NUMBER NAME IRQ remote send|recv MIB	see remote.c
 *	work serve				the other end of it
 *	work quit				end the other end
 *	work sink PORT				receive UDP for ever
 *	work carrier INTERFACE			print how long the carrier takes to come
 *
 * IRQ is the interrupt of the device under test, or several with commas between,
 * or - if there is none yet.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "work.h"

#define PHASES 256

/* mark_table[n] is the mark n and a return: 8 bytes. */
asm(".pushsection .text\n"
    "mark_table:\n"
    ".set n, 0\n"
    ".rept 512\n"
    "	.byte 0x0f, 0x1f, 0x80\n"
    "	.long 0x0e100000 + n\n"
    "	ret\n"
    "	.set n, n + 1\n"
    ".endr\n"
    ".popsection\n");
extern const char mark_table[];

static void mark(unsigned int number)
{
	((void (*)(void))(mark_table + 8 * number))();
}

void die(const char *what)
{
	fprintf(stderr, "work: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static bool listed(const char *irqs, long number)
{
	while (*irqs) {
		char *end;

		if (strtol(irqs, &end, 10) == number && end != irqs)
			return true;
		irqs = *end ? end + 1 : end;
	}
	return false;
}

static long interrupts(const char *irqs)
{
	char line[512];
	long count = 0;
	FILE *file;

	if (!strcmp(irqs, "-"))
		return 0;
	file = fopen("/proc/interrupts", "r");
	if (!file)
		die("/proc/interrupts");
	while (fgets(line, sizeof(line), file)) {
		char *end;
		long number = strtol(line, &end, 10);

		if (end != line && *end == ':' && listed(irqs, number))
			count += strtol(end + 1, NULL, 10);
	}
	fclose(file);
	return count;
}

/*
 * Wait until what ran before is over (freed memory comes back after a grace
 * period), then for a moment that nothing periodic follows soon: igb's watchdog
 * comes at full seconds, e1000's each two seconds with an interrupt of its own.
 * So the next 0.4 s are free of both; their cost shows in the idle load.
 */
static void settle(const char *irq)
{
	long before = interrupts(irq);
	uint64_t deadline = now() + 22 * SECOND / 10, other = 0, start;
	struct timespec ts;

	while (now() < deadline && !other) {
		usleep(10000);
		if (interrupts(irq) != before)
			other = now() % SECOND;
	}
	start = SECOND / 10 + (other > SECOND / 2 || !other ? 0 : other);
	start += (now() + SECOND - start) / SECOND * SECOND;
	ts.tv_sec = start / SECOND;
	ts.tv_nsec = start % SECOND;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void carrier(const char *ifname)
{
	uint64_t start = now();
	char path[128], value = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", ifname);
	fd = open(path, O_RDONLY);
	while (value != '1') {
		if (pread(fd, &value, 1, 0) != 1 || now() - start > 20 * SECOND)
			die(path);
		usleep(1000);
	}
	printf("{\"value\": \"carrier\", \"ns\": %llu}\n", (unsigned long long)(now() - start));
}

static void sink(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buffer[2048];

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die("sink");
	for (;;)
		if (recv(fd, buffer, sizeof(buffer), 0) < 0)
			die("sink");
}

struct action {
	const char *name;
	int arguments;
	void (*prepare)(char **argv);	/* may be NULL, as report */
	int (*run)(char **argv);
	void (*report)(void);
};

static int file = -1;

static void open_for_writing(char **argv)
{
	file = open(argv[0], O_WRONLY);
	if (file < 0)
		die(argv[0]);
}

static int write_text(char **argv)
{
	return write(file, argv[1], strlen(argv[1])) < 0;
}

static void open_for_reading(char **argv)
{
	file = open(argv[0], O_RDONLY);
	if (file < 0)
		die(argv[0]);
}

static int insert_module(char **argv)
{
	(void)argv;
	return syscall(SYS_finit_module, file, "", 0);
}

static int sleep_ms(char **argv)
{
	return usleep(atol(argv[0]) * 1000);
}

static int run_command(char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		/* The output is for results. */
		dup2(open("/dev/null", O_WRONLY), 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

static void prepare_net(char **argv)
{
	net_prepare(argv[0], atoi(argv[1]), atoi(argv[2]));
}

static int run_net(char **argv)
{
	(void)argv;
	net_run();
	return 0;
}

static void prepare_ifup(char **argv)
{
	ifup_prepare(argv[0]);
}

static int run_ifup(char **argv)
{
	(void)argv;
	ifup_run();
	return 0;
}

static void prepare_remote(char **argv)
{
	remote_prepare(argv[0], atoi(argv[1]));
}

static int run_remote(char **argv)
{
	(void)argv;
	remote_run();
	return 0;
}

static const struct action actions[] = {
	{ "write", 2, open_for_writing, write_text, NULL },
	{ "sleep", 1, NULL, sleep_ms, NULL },
	{ "insmod", 1, open_for_reading, insert_module, NULL },
	{ "run", 1, NULL, run_command, NULL },
	{ "net", 3, prepare_net, run_net, net_report },
	{ "ifup", 1, prepare_ifup, run_ifup, ifup_report },
	{ "remote", 2, prepare_remote, run_remote, NULL },
};

static int measure(unsigned int number, const char *name, const char *irq, const struct action *action, char **argv)
{
	uint64_t start, end;
	long irqs;

	if (action->prepare)
		action->prepare(argv);
	settle(irq);
	irqs = interrupts(irq);
	start = now();
	mark(number);
	if (action->run(argv))
		die(name);
	mark(PHASES + number);
	end = now();
	irqs = interrupts(irq) - irqs;
	printf("{\"phase\": %u, \"name\": \"%s\", \"ns\": %llu, \"irqs\": %ld", number, name,
	       (unsigned long long)(end - start), irqs);
	if (action->report)
		action->report();
	printf("}\n");
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc == 3 && !strcmp(argv[1], "sink"))
		sink(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "carrier")) {
		carrier(argv[2]);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "serve")) {
		remote_serve();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "quit")) {
		remote_quit();
		return 0;
	}
	for (i = 0; argc > 5 && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(argv[4], actions[i].name) && argc - 5 >= actions[i].arguments)
			return measure(atoi(argv[1]) % PHASES, argv[2], argv[3], &actions[i], argv + 5);
	fprintf(stderr, "work: see work.c for the arguments\n");
	return 2;
}
