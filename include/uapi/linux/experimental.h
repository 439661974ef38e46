/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * AF_EXPERIMENTAL: what a program needs to use the family.
 *
 * An address names a port on a node. Each socket type has its own ports in
 * each network namespace.
 */
#ifndef _UAPI_LINUX_EXPERIMENTAL_H
#define _UAPI_LINUX_EXPERIMENTAL_H

#include <linux/socket.h>
#include <linux/types.h>

/*
 * The family number. It is the slot that AF_ASH reserved and never used; a
 * module loaded with family= has another one, and its addresses carry that.
 */
#ifndef AF_EXPERIMENTAL
#define AF_EXPERIMENTAL		18
#endif
#ifndef PF_EXPERIMENTAL
#define PF_EXPERIMENTAL		AF_EXPERIMENTAL
#endif

/* The level of the family's own options in getsockopt() and setsockopt(). */
#ifndef SOL_EXPERIMENTAL
#define SOL_EXPERIMENTAL	318
#endif

/*
 * Options of SOL_EXPERIMENTAL, for getsockopt() only, an int each: what
 * setsockopt() took at SOL_SOCKET, where it can't be read of this family.
 */
#define EXP_PASSCRED		1	/* SO_PASSCRED */
#define EXP_PASSSEC		2	/* SO_PASSSEC */
#define EXP_PASSRIGHTS		3	/* SO_PASSRIGHTS */
#define EXP_INQ			4	/* SO_INQ */

/*
 * The control message, at level SOL_EXPERIMENTAL, in which MSG_ERRQUEUE gives a
 * struct sock_extended_err.
 */
#define EXP_RECVERR		16

/* Ports: bind() to 0 or to EXP_PORT_ANY picks a free one. */
#define EXP_PORT_ANY		0xffffffffU

/* Ports from 1 to this one need CAP_NET_BIND_SERVICE. */
#define EXP_PORT_RESERVED	1023U

/* Nodes: 0 means the same as EXP_NODE_ANY. */
#define EXP_NODE_LOCAL		1U
#define EXP_NODE_ALL		0xfffffffeU
#define EXP_NODE_ANY		0xffffffffU

/**
 * struct sockaddr_exp - address of an AF_EXPERIMENTAL socket
 * @sexp_family: AF_EXPERIMENTAL
 * @sexp_reserved: must be 0
 * @sexp_port: port in host byte order; 0 or EXP_PORT_ANY asks for any port
 * @sexp_node: EXP_NODE_LOCAL for this node, EXP_NODE_ANY or 0 for no node in
 *	       particular, EXP_NODE_ALL for every node
 * @sexp_flags: must be 0
 * @sexp_zero: must be 0
 *
 * As large as struct sockaddr, and laid out like struct sockaddr_vm.
 */
struct sockaddr_exp {
	__kernel_sa_family_t	sexp_family;
	__u16			sexp_reserved;
	__u32			sexp_port;
	__u32			sexp_node;
	__u8			sexp_flags;
	__u8			sexp_zero[3];
};

/* What exr_version must be. */
#define EXP_RAW_VERSION		1

/**
 * struct exp_raw_header - what stands before each message on SOCK_RAW
 * @exr_version: EXP_RAW_VERSION
 * @exr_type: socket type of the message: SOCK_DGRAM, SOCK_RDM or SOCK_SEQPACKET
 * @exr_flags: must be 0
 * @exr_length: bytes of the message, which follow
 * @exr_source: who sent it
 * @exr_destination: who gets it
 *
 * All in host byte order. The same for what is received and what is sent; a
 * SOCK_SEQPACKET message can be received only.
 */
struct exp_raw_header {
	__u8			exr_version;
	__u8			exr_type;
	__u16			exr_flags;
	__u32			exr_length;
	struct sockaddr_exp	exr_source;
	struct sockaddr_exp	exr_destination;
};

#endif /* _UAPI_LINUX_EXPERIMENTAL_H */
