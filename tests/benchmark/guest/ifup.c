// SPDX-License-Identifier: GPL-2.0
/*
 * From the interface's being brought up to its first received frame.  The peer
 * sends a broadcast each 100 us all the time.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "work.h"

#define ETHERTYPE_TEST	0x88b5	/* for local experiments */
#define INTERVAL_US	100
#define FRAME		60

static struct ifreq request;
static int control;
static pid_t sender;
static uint64_t start, up, first;

static int packet_socket(int index)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_TEST), .sll_ifindex = index,
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETHERTYPE_TEST));

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die("packet socket");
	return fd;
}

/* The interface of the peer's namespace that is not lo. */
static int peer_index(void)
{
	struct if_nameindex *at = if_nameindex();

	for (; at && at->if_index; at++)
		if (strcmp(at->if_name, "lo"))
			return at->if_index;
	die("peer");
	return 0;
}

static void send_forever(void)
{
	char frame[FRAME];
	int netns = open("/run/netns/peer", O_RDONLY), fd;

	if (netns < 0 || setns(netns, CLONE_NEWNET))
		die("setns");
	memset(frame, 0xff, 6);
	memset(frame + 6, 0x02, 6);
	frame[12] = ETHERTYPE_TEST >> 8;
	frame[13] = ETHERTYPE_TEST & 0xff;
	fd = packet_socket(peer_index());
	for (;;) {
		if (write(fd, frame, sizeof(frame)) < 0)
			die("send");
		usleep(INTERVAL_US);
	}
}

void ifup_prepare(const char *ifname)
{
	control = socket(AF_INET, SOCK_DGRAM, 0);
	strncpy(request.ifr_name, ifname, IFNAMSIZ - 1);
	if (control < 0 || ioctl(control, SIOCGIFFLAGS, &request))
		die(ifname);
	request.ifr_flags |= IFF_UP;
	sender = fork();
	if (!sender)
		send_forever();
}

void ifup_run(void)
{
	char frame[2048];
	int fd;

	start = now();
	if (ioctl(control, SIOCSIFFLAGS, &request))
		die("up");
	up = now();
	fd = packet_socket(if_nametoindex(request.ifr_name));
	if (recv(fd, frame, sizeof(frame), 0) < 0)
		die("receive");
	first = now();
}

void ifup_report(void)
{
	kill(sender, SIGTERM);
	printf(", \"up_ns\": %llu, \"first_ns\": %llu", (unsigned long long)(up - start),
	       (unsigned long long)(first - start));
}
