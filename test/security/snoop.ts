/** A Python function that tries what its event says and reports what it got: an errno's name where it was refused. */
export const SNOOP = `
import errno, os, socket

def attempt(what):
    try:
        return what()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))

def read(path):
    with open(path, 'rb') as file:
        return file.read(256).decode('latin-1')

def write(path):
    with open(path, 'w') as file:
        file.write('planted')
    os.unlink(path)
    return 'written'

def connect(host, port):
    with socket.create_connection((host, port), timeout=2):
        return 'connected'

def find(roots, marker):
    found, looked = [], 0
    for root in roots:
        for folder, folders, names in os.walk(root, onerror=lambda error: None):
            for name in names:
                path = os.path.join(folder, name)
                looked += 1
                try:
                    if os.path.isfile(path) and os.path.getsize(path) < 65536 and marker in read_all(path):
                        found.append(path)
                except OSError:
                    pass
    return {'looked': looked, 'found': found}

def read_all(path):
    with open(path, 'rb') as file:
        return file.read().decode('latin-1')

def status():
    lines = [line.split(':', 1) for line in read_all('/proc/self/status').splitlines()]
    return {name: value.strip() for name, value in lines}

def visible_environments(marker):
    pids = [name for name in os.listdir('/proc') if name.isdigit() and int(name) != os.getpid()]
    return [pid for pid in pids if marker in str(attempt(lambda: read_all('/proc/%s/environ' % pid)))]

def handler(event, context):
    do = event['do']
    if do == 'read': return {path: attempt(lambda: read(path)) for path in event['paths']}
    if do == 'write': return {path: attempt(lambda: write(path)) for path in event['paths']}
    if do == 'connect': return attempt(lambda: connect(event['host'], event['port']))
    if do == 'find': return find(event['roots'], event['marker'])
    if do == 'status': return status()
    if do == 'env': return {'boot': read_all('/proc/self/environ'), 'now': dict(os.environ)}
    if do == 'environments': return visible_environments(event['marker'])
    if do == 'task': return os.environ['LAMBDA_TASK_ROOT']
    return {'pid': os.getpid()}
`;
