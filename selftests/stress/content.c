// SPDX-License-Identifier: GPL-2.0
/* Bytes and messages that tell where they belong: what is lost, doubled or mixed shows. */
#include "stress.h"

static unsigned char byte_at(__u64 key, __u64 offset)
{
	return mix(key + offset / 8) >> (offset % 8 * 8);
}

void bytes_fill(void *buf, size_t len, __u64 key, __u64 offset)
{
	unsigned char *p = buf;
	__u64 word;

	while (len) {
		if (offset % 8 || len < 8) {
			*p++ = byte_at(key, offset++);
			len--;
			continue;
		}
		word = mix(key + offset / 8);
		memcpy(p, &word, 8);
		p += 8;
		offset += 8;
		len -= 8;
	}
}

void bytes_check(const void *buf, size_t len, __u64 key, __u64 offset)
{
	const unsigned char *p = buf;
	__u64 word;

	while (len) {
		if (offset % 8 == 0 && len >= 8) {
			word = mix(key + offset / 8);
			if (!memcmp(p, &word, 8)) {
				p += 8;
				offset += 8;
				len -= 8;
				continue;
			}
		}
		if (*p != byte_at(key, offset))
			fail("byte %llu of the stream is %#x and not %#x; %zu more after it",
			     (unsigned long long)offset, *p, byte_at(key, offset), len - 1);
		p++;
		offset++;
		len--;
	}
}

static __u32 head_sum(const struct head *h)
{
	return mix(h->key ^ mix(((__u64)h->sender << 32 | h->number) ^ mix(h->len)));
}

static __u64 body_key(const struct head *h)
{
	return mix(h->key ^ h->sum);
}

void message_make(void *buf, size_t len, __u64 key, __u32 sender, __u32 number)
{
	struct head h = { key, sender, number, len, 0 };

	h.sum = head_sum(&h);
	memcpy(buf, &h, sizeof(h));
	bytes_fill((char *)buf + sizeof(h), len - sizeof(h), body_key(&h), 0);
}

struct head message_check(const void *buf, size_t len, __u64 key)
{
	struct head h = { 0 };

	memcpy(&h, buf, len < sizeof(h) ? len : sizeof(h));
	if (len < sizeof(h) || h.key != key || h.len != len || h.sum != head_sum(&h))
		fail("a message of %zu bytes: sender %u, number %u, %u bytes, %s key, %s sum", len,
		     h.sender, h.number, h.len, h.key == key ? "right" : "wrong",
		     h.sum == head_sum(&h) ? "right" : "wrong");
	bytes_check((const char *)buf + sizeof(h), len - sizeof(h), body_key(&h), 0);
	return h;
}
