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
    it = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before there are threads to take them
    behaviour = (it.secret, it.error_ttl, it.settle)
    standin = StandIn(
        Distribution("EPRODUCTION", it.origin, it.function, *behaviour, it.edge_port),
        Distribution(
            *("ESTAGING", it.staging_origin, f"{it.function}-staging"),
            *(*behaviour, it.staging_edge_port),
        ),
        port=it.port,
    )
    config = {"Comment": "as shipped", "Runtime": "cloudfront-js-2.0"}
    version = standin.functions.create(it.function, config, FUNCTION.read_bytes())
    standin.functions.publish(it.function, version.etag)
    settings = {**standin.environment, "QDN_EDGE_FUNCTION": it.function}
    for each in standin.distributions.values():
        print(f"{each.id}: viewers ask {standin.url(each.id)}; it stands before {each.origin}.")
        stage = each.id.removeprefix("E")
        settings[f"QDN_{stage}_DISTRIBUTION"] = each.id
        settings[f"QDN_{stage}_URL"] = standin.url(each.id)
        settings[f"QDN_{stage}_RELEASES_URL"] = f"file:{it.releases}/{stage.lower()}"
    print("For manage.py:")
    for name, value in settings.items():
        print(f"  export {name}={value}", flush=True)
    try:
        signal.sigwait(ends)
    finally:
        standin.stop()


if __name__ == "__main__":
    main()
