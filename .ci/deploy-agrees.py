"""Checks what no linter knows: that the files of deploy/ agree with each other and with the server.

    deploy-agrees.py DIRECTORY      the overlays of deploy/kubernetes, rendered, one file each

Each complaint is one line; without any, the exit code is 0.
"""

import pathlib
import re
import sys

import yaml

try:
    import tomllib
except ImportError:  # Python before 3.11
    from pip._vendor import tomli as tomllib

# What a process may need to end, in seconds, beyond the time that it is told.
MARGIN = 5
complaints = []


def expect(holds, complaint):
    if not holds:
        complaints.append(complaint)


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def size(text):
    number, unit = re.fullmatch(r"(\d+)([a-zA-Z]*)", str(text)).groups()
    return int(number) * {"": 1, "mb": 2**20, "gb": 2**30, "Mi": 2**20, "Gi": 2**30}[unit]


def flat(table, above=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield above + key, value


DEFAULTS = dict(flat(tomllib.loads(read("crates/bootstrap/src/default.toml"))))
VERSION = tomllib.loads(read("Cargo.toml"))["workspace"]["package"]["version"]


def check_settings(where, file_text, variables):
    """Names of settings exist; returns those in force."""
    settings = dict(flat(tomllib.loads(file_text)))
    for name, value in variables.items():
        if name.startswith("PASSERBY__"):
            settings[name.removeprefix("PASSERBY__").lower().replace("__", ".")] = value
    for key in settings:
        expect(key in DEFAULTS, f"{where}: there is no setting {key}")
    return DEFAULTS | settings


def check_image(where, image):
    name, _, tag = image.partition(":")
    expect(tag and tag != "latest", f"{where}: {image} has no version")
    if name == "passerby":
        expect(tag == VERSION, f"{where}: {image}, but this is {VERSION}")


# --- compose -----------------------------------------------------------------------------------------------------


def check_compose(path):
    compose = yaml.safe_load(read(path))
    for name, service in compose["services"].items():
        where = f"{path}: {name}"
        expect(service.get("read_only") is True, f"{where}: can write")
        expect(service.get("cap_drop") == ["ALL"], f"{where}: keeps capabilities")
        expect("no-new-privileges:true" in service.get("security_opt", []), f"{where}: may gain privileges")
        check_image(where, service["image"])
        variables = service.get("environment", {})
        if service["image"].startswith("passerby:"):
            settings = check_settings(where, "", variables)
            needed = seconds(settings["session.drain_timeout"]) + MARGIN
            expect(seconds(service["stop_grace_period"]) >= needed, f"{where}: is killed while it drains")
            descriptors = int(settings["limits.connections"]) + 1024
            expect(service["ulimits"]["nofile"] >= descriptors, f"{where}: has too few descriptors")
        for variable, value in variables.items():
            if variable.endswith("_FILE"):
                secret = value.removeprefix("/run/secrets/")
                expect(secret in service["secrets"], f"{where}: {variable} names a secret that is not there")


# --- Kubernetes --------------------------------------------------------------------------------------------------


def check_pod(where, workload):
    pod = workload["spec"]["template"]["spec"]
    context = pod.get("securityContext", {})
    expect(context.get("runAsNonRoot") is True and context.get("runAsUser"), f"{where}: may be root")
    expect(context.get("seccompProfile") == {"type": "RuntimeDefault"}, f"{where}: has no seccomp profile")
    expect(pod.get("automountServiceAccountToken") is False, f"{where}: has a token")
    expect(pod.get("enableServiceLinks") is False, f"{where}: has variables of other services")
    for container in pod["containers"]:
        context = container.get("securityContext", {})
        expect(context.get("readOnlyRootFilesystem") is True, f"{where}: can write")
        expect(context.get("allowPrivilegeEscalation") is False, f"{where}: may gain privileges")
        expect(context.get("capabilities") == {"drop": ["ALL"]}, f"{where}: keeps capabilities")
        expect("memory" in container["resources"]["limits"], f"{where}: has no limit of memory")
        expect("readinessProbe" in container, f"{where}: is never known to be ready")
        check_image(where, container["image"])


def check_node(where, deployment, objects):
    pod = deployment["spec"]["template"]["spec"]
    container = pod["containers"][0]
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    mounted = {v["name"]: v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v}
    variables = {e["name"]: e.get("value", "") for e in container.get("env", [])}
    for source in container.get("envFrom", []):
        variables |= maps[source["configMapRef"]["name"]]
    settings = check_settings(where, maps[mounted["settings"]]["passerby.toml"], variables)

    needed = container["lifecycle"]["preStop"]["sleep"]["seconds"] + seconds(settings["session.drain_timeout"]) + MARGIN
    expect(pod["terminationGracePeriodSeconds"] >= needed, f"{where}: is killed while it drains")
    expect(
        deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1},
        f"{where}: a roll takes nodes away before others have come",
    )
    files = {
        f"/run/secrets/passerby/{item['path']}"
        for volume in pod["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
        for item in source["secret"]["items"]
    }
    for key, value in settings.items():
        expect(not key.endswith("_file") or not value or value in files, f"{where}: {key} names no file that is there")
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    expect(settings["http.listen"].endswith(f":{ports['http']}"), f"{where}: http.listen is not the port http")
    expect(settings["admin.listen"].endswith(f":{ports['admin']}"), f"{where}: admin.listen is not the port admin")
    for scaler in (o for o in objects if o["kind"] == "HorizontalPodAutoscaler"):
        for metric in scaler["spec"]["metrics"]:
            if metric["type"] == "Pods":
                target = int(metric["pods"]["target"]["averageValue"])
                expect(target <= settings["limits.connections"] / 2, f"{where}: has no room for a lost node's users")
    return settings["store.backend"]


def check_overlay(path):
    objects = [o for o in yaml.safe_load_all(read(path)) if o]
    overlay = path.stem
    pods = [o["spec"]["template"]["metadata"]["labels"] for o in objects if o["kind"] in ("Deployment", "StatefulSet")]
    for thing in objects:
        kind, name = thing["kind"], thing["metadata"]["name"]
        where = f"overlay {overlay}: {kind} {name}"
        if kind == "Namespace":
            enforced = thing["metadata"]["labels"].get("pod-security.kubernetes.io/enforce")
            expect(enforced == "restricted", f"{where}: does not restrict pods")
            continue
        expect(thing["metadata"].get("namespace") == "passerby", f"{where}: is outside of the namespace")
        if kind in ("Deployment", "StatefulSet"):
            check_pod(where, thing)
        if kind == "Deployment":
            backend = check_node(where, thing, objects)
            expect(backend == ("memory" if overlay == "single" else "redis"), f"{where}: has the store {backend}")
        spec = thing.get("spec", {})
        selector = {"Service": spec.get("selector")}.get(kind) or (spec.get("selector") or {}).get("matchLabels")
        if kind == "NetworkPolicy":
            selector = spec["podSelector"].get("matchLabels", {})
        if selector is not None:
            expect(any(selector.items() <= pod.items() for pod in pods), f"{where}: selects nothing")
    closed = [o for o in objects if o["kind"] == "NetworkPolicy" and o["spec"]["podSelector"] == {}]
    expect(len(closed) == 1 and "ingress" not in closed[0]["spec"], f"overlay {overlay}: is open unless closed")


def check_redis_memory(path):
    """The data fits into the container twice: a rewrite of the append-only file may copy all of it."""
    limit = size(re.search(r"^maxmemory (\w+)$", read("deploy/redis/redis.conf"), re.M).group(1))
    for thing in yaml.safe_load_all(read(path)):
        if thing and thing["kind"] == "StatefulSet":
            memory = size(thing["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"])
            expect(memory >= 2 * limit, f"{thing['metadata']['name']}: maxmemory is more than half of its memory")


# --- alerts ------------------------------------------------------------------------------------------------------


def check_alerts():
    known = read("docs/operations.md")
    rules = yaml.safe_load(read("deploy/prometheus/rules.yml"))
    tested = {
        case["alertname"]
        for test in yaml.safe_load(read("deploy/prometheus/rules_test.yml"))["tests"]
        for case in test.get("alert_rule_test", [])
        if case["exp_alerts"]
    }
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        expect(rule["alert"] in tested, f"alert {rule['alert']}: no test raises it")
        for name in re.findall(r"passerby_[a-z_]+", rule["expr"]):
            series = re.sub(r"_(bucket|count|sum)$", "", name)
            expect(f"`{series}`" in known, f"alert {rule['alert']}: docs/operations.md knows no {series}")


for compose_file in sorted(pathlib.Path("deploy").glob("compose*.yaml")):
    check_compose(compose_file)
for rendered in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    check_overlay(rendered)
    check_redis_memory(rendered)
check_alerts()
expect(f"ARG VERSION={VERSION}\n" in read("deploy/docker/Dockerfile"), f"Dockerfile: VERSION is not {VERSION}")

print("\n".join(complaints))
sys.exit(bool(complaints))
