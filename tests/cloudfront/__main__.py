"""CloudFront on a laptop: the shipped function in front of a running site.

python -m tests.cloudfront --origin http://127.0.0.1:8000
"""

import argparse
import signal

from qdn_site.edge.table import FUNCTION
from tests.cloudfront import Distribution, StandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cloudfront", description=__doc__)
    parser.add_argument("--port", type=int, default=9000, help="of the control API")
    parser.add_argument("--edge-port", type=int, default=9001, help="where viewers ask")
    parser.add_argument("--origin", default="http://127.0.0.1:8000")
    parser.add_argument("--distribution", default="ELAPTOP", help="the distribution's id")
    parser.add_argument("--function", default="qdn-track-rewrite")
    parser.add_argument("--secret", default="", help="sent to the origin as X-Origin-Verify")
    parser.add_argument("--error-ttl", type=float, default=10, help="seconds; errors are kept")
    parser.add_argument("--settle", type=int, default=2, help="polls until invalidations finish")
    options = parser.parse_args()
    distribution = Distribution(
        id=options.distribution,
        origin=options.origin,
        function=options.function,
        secret=options.secret,
        error_ttl=options.error_ttl,
        settle=options.settle,
        port=options.edge_port,
    )
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before there are threads to take them
    standin = StandIn(distribution, port=options.port)
    config = {"Comment": "as shipped", "Runtime": "cloudfront-js-2.0"}
    version = standin.functions.create(options.function, config, FUNCTION.read_bytes())
    standin.functions.publish(options.function, version.etag)
    settings = standin.environment | {"QDN_PRODUCTION_DISTRIBUTION": options.distribution}
    told = [
        f"Viewers ask {standin.url(options.distribution)}; it stands before {options.origin}.",
        "For manage.py:",
        *(f"  export {name}={value}" for name, value in settings.items()),
    ]
    print("\n".join(told), flush=True)
    try:
        signal.sigwait(ends)
    finally:
        standin.stop()


if __name__ == "__main__":
    main()
