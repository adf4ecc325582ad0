"""CloudFront on a laptop: the shipped function in front of two running sites.

python -m tests.cloudfront --origin http://127.0.0.1:8000 --staging-origin http://127.0.0.1:8010
"""

import argparse
import signal

from qdn_site.edge.table import FUNCTION
from tests.cloudfront import Distribution, StandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cloudfront", description=__doc__)
    parser.add_argument("--port", type=int, default=9000, help="of the control API")
    parser.add_argument(
        "--edge-port", type=int, default=9001, help="where production's viewers ask"
    )
    parser.add_argument("--staging-edge-port", type=int, default=9002, help="where staging's ask")
    parser.add_argument("--origin", default="http://127.0.0.1:8000")
    parser.add_argument("--staging-origin", default="http://127.0.0.1:8010")
    parser.add_argument("--releases", default="var/releases", help="where both stages keep theirs")
    parser.add_argument("--function", default="qdn-track-rewrite")
    parser.add_argument("--secret", default="", help="sent to the origins as X-Origin-Verify")
    parser.add_argument("--error-ttl", type=float, default=10, help="seconds; errors are kept")
    parser.add_argument("--settle", type=int, default=2, help="polls until invalidations finish")
    options = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before there are threads to take them
    standin = StandIn(*_distributions(options), port=options.port)
    config = {"Comment": "as shipped", "Runtime": "cloudfront-js-2.0"}
    version = standin.functions.create(options.function, config, FUNCTION.read_bytes())
    standin.functions.publish(options.function, version.etag)
    told = [
        f"{each.id}: viewers ask {standin.url(each.id)}; it stands before {each.origin}."
        for each in standin.distributions.values()
    ]
    told += ["For manage.py:"]
    told += [f"  export {name}={value}" for name, value in _settings(standin, options).items()]
    print("\n".join(told), flush=True)
    try:
        signal.sigwait(ends)
    finally:
        standin.stop()


def _distributions(options: argparse.Namespace) -> list[Distribution]:
    name = options.function
    doors = (
        ("EPRODUCTION", options.origin, name, options.edge_port),
        ("ESTAGING", options.staging_origin, f"{name}-staging", options.staging_edge_port),
    )
    return [
        Distribution(
            id=id,
            origin=origin,
            function=function,
            secret=options.secret,
            error_ttl=options.error_ttl,
            settle=options.settle,
            port=port,
        )
        for id, origin, function, port in doors
    ]


def _settings(standin: StandIn, options: argparse.Namespace) -> dict[str, str]:
    settings = {**standin.environment, "QDN_EDGE_FUNCTION": options.function}
    for stage in ("STAGING", "PRODUCTION"):
        settings[f"QDN_{stage}_DISTRIBUTION"] = f"E{stage}"
        settings[f"QDN_{stage}_URL"] = standin.url(f"E{stage}")
        settings[f"QDN_{stage}_RELEASES_URL"] = f"file:{options.releases}/{stage.lower()}"
    return settings


if __name__ == "__main__":
    main()
