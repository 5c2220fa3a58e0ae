"""`stampede calibrate`: what this machine can measure validly."""

from __future__ import annotations

from stampede.cli import options as opt


def command(
    instances: opt.Instances = None,
    trials: opt.Trials = None,
    seed: opt.Seed = None,
    redis: opt.Redis = None,
    redis_server: opt.RedisServer = None,
    export: opt.CalibrationExports = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Find out what this machine can measure validly."""
    from stampede.engine import fleet

    fleet.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import session

    return session.calibrate(
        instances or 4,
        trials or 5,
        session.servers(redis, redis_server, None, None, None),
        opt.seed_or_random(seed),
        session.Output(tuple(export or ()), None, json, quiet),
    )
