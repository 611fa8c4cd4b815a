"""The packager's HTTP: what a request costs beside a bare epoll loop and Boost.Beast, and how soon a crowd that waits is let go."""
from __future__ import annotations

from bench_ground import LOAD_CPU, Ground
from processes import say


def requests(ground: Ground) -> list[dict]:
    """CPU of a request over HTTP/1.1, in turns; the program pins its threads."""
    say("  requests")
    rounds, seconds = (1, 0.3) if ground.scale.quick else (5, 1)
    argv = [ground.program("http_bench"), "--rounds", str(rounds), "--seconds", str(seconds)]
    return ground.run(argv, 6 * rounds * seconds, LOAD_CPU)["requests"]


def releases(ground: Ground) -> list[dict]:
    """From a publication to the answers, of a thousand and of ten thousand that wait; by one thread and by two, each
    beside a loop that does nothing but write the answers."""
    say("  releases")
    rounds = 5 if ground.scale.quick else 20 * ground.scale.runs
    argv = [ground.program("release_bench"), "--rounds", str(rounds)]
    return [row for threads in (1, 2)
            for row in ground.run([*argv, "--threads", str(threads)], 8 * rounds, LOAD_CPU)["releases"]]
