// SPDX-License-Identifier: GPL-2.0
/*
 * TCP to a peer in another guest.  The peer serves one connection after the
 * other; each begins with a letter for what the peer is to do and a length.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "work.h"

#define PEER_ADDRESS	"10.9.9.1"
#define PORT		5002
#define TRIES		100
#define CHUNK		(64 * 1024)

struct request {
	char what;	/* 's' send to me, 'r' receive from me, 'q' quit */
	char pad[7];
	uint64_t bytes;
};

static char buffer[CHUNK];
static struct request request;
static int connection;

/* Move bytes one way; false if the other end is gone. */
static int move(int fd, char way, uint64_t bytes)
{
	while (bytes) {
		size_t chunk = bytes < CHUNK ? bytes : CHUNK;
		ssize_t done = way == 's' ? write(fd, buffer, chunk) : read(fd, buffer, chunk);

		if (done <= 0)
			return 0;
		bytes -= done;
	}
	return 1;
}

static struct sockaddr_in peer_address(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, PEER_ADDRESS, &to.sin_addr);
	return to;
}

void remote_serve(void)
{
	struct sockaddr_in here = peer_address();
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

	if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof(here)) || listen(listener, 1))
		die("serve");
	do {
		fd = accept(listener, NULL, NULL);
		if (fd < 0 || read(fd, &request, sizeof(request)) != sizeof(request))
			die("request");
		/* A letter back says that all came. */
		if (move(fd, request.what, request.bytes) && write(fd, "k", 1) != 1)
			die("answer");
		close(fd);
	} while (request.what != 'q');
}

static void ask(char what, uint64_t bytes)
{
	struct sockaddr_in to = peer_address();
	int tries;

	request.what = what;
	request.bytes = bytes;
	for (tries = 0; tries < TRIES; tries++) {
		connection = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(connection, (struct sockaddr *)&to, sizeof(to)))
			break;
		/* The other guest may still be starting. */
		close(connection);
		usleep(200000);
	}
	if (tries == TRIES)
		die("the other guest does not answer");
}

void remote_quit(void)
{
	ask('q', 0);
	if (write(connection, &request, sizeof(request)) != sizeof(request))
		die("quit");
}

/* mode is what this end does: send or recv. */
void remote_prepare(const char *mode, unsigned int mebibytes)
{
	ask(*mode == 's' ? 'r' : 's', (uint64_t)mebibytes << 20);
}

void remote_run(void)
{
	char way = request.what == 'r' ? 's' : 'r', answer;

	if (write(connection, &request, sizeof(request)) != sizeof(request) ||
	    !move(connection, way, request.bytes) || read(connection, &answer, 1) != 1)
		die("transfer");
}
