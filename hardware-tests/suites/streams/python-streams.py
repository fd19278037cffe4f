"""exec, port-forward and proxy with Debian's python3-kubernetes. Prints what came, as JSON."""
import json
import sys

from kubernetes import client, config
from kubernetes.stream import portforward, stream

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()


def run(command, **options):
    return stream(core.connect_get_namespaced_pod_exec, 'talk', 'default', command=command, stdout=True, stderr=True, tty=False, **options)


def executed():
    session = run(['sh', '-c', 'echo out; echo err >&2; exit 3'], stdin=False, _preload_content=False)
    session.run_forever(timeout=30)
    return [session.read_stdout(), session.read_stderr(), session.returncode]


def spoken_to():
    session = run(['sh'], stdin=True, _preload_content=False)
    session.write_stdin('echo hello\n')
    line = session.readline_stdout(timeout=30)
    session.write_stdin('exit 4\n')
    session.run_forever(timeout=30)
    return [line, session.returncode]


def forwarded(port):
    forward = portforward(core.connect_get_namespaced_pod_portforward, 'web', 'default', ports=str(port))
    connection = forward.socket(port)
    connection.setblocking(True)
    answer = b''
    try:
        connection.sendall(b'GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n')
        while True:
            data = connection.recv(1024)
            if not data:
                break
            answer += data
    except OSError:
        pass
    return [answer.decode()[-6:], forward.error(port)]


print(json.dumps({
    'executed': executed(),
    'spokenTo': spoken_to(),
    'forwarded': forwarded(8081),
    'refused': forwarded(82),
    'proxied': core.connect_get_namespaced_service_proxy('web:http', 'default'),
}))
