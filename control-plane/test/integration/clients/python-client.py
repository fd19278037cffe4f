"""Uses the API through Debian's python3-kubernetes as programs do. Prints a line of JSON per check: name, error (null when it held)."""
import json
import sys
import time
import traceback

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException

config.load_kube_config(sys.argv[1])
core, apps, custom = client.CoreV1Api(), client.AppsV1Api(), client.CustomObjectsApi()
namespace = 'python'
checks = []


def check(function):
    checks.append(function)
    return function


def refused(code, call, *args, **kwargs):
    """The Status that a call is refused with."""
    try:
        call(*args, **kwargs)
    except ApiException as refusal:
        assert refusal.status == code, f'{refusal.status} instead of {code}: {refusal.body}'
        return json.loads(refusal.body)
    raise AssertionError(f'was not refused with {code}')


def equal(found, wanted):
    assert found == wanted, f'{found!r} is not {wanted!r}'


def config_map(name, data=None, labels=None):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data)


def deployment(name, replicas=1):
    containers = [client.V1Container(name='main', image='example/main:1', ports=[client.V1ContainerPort(container_port=80)])]
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels={'app': name}), spec=client.V1PodSpec(containers=containers))
    spec = client.V1DeploymentSpec(replicas=replicas, selector=client.V1LabelSelector(match_labels={'app': name}), template=template)
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name), spec=spec)


@check
def creates_reads_replaces_and_deletes():
    core.create_namespaced_config_map(namespace, config_map('one', {'a': '1'}))
    found = core.read_namespaced_config_map('one', namespace)
    equal(found.data, {'a': '1'})
    found.data = {'a': '2'}
    replaced = core.replace_namespaced_config_map('one', namespace, found)
    equal(replaced.data, {'a': '2'})
    equal(refused(409, core.replace_namespaced_config_map, 'one', namespace, found)['reason'], 'Conflict')
    equal(refused(409, core.create_namespaced_config_map, namespace, config_map('one'))['reason'], 'AlreadyExists')
    equal(core.delete_namespaced_config_map('one', namespace).status, 'Success')
    equal(refused(404, core.read_namespaced_config_map, 'one', namespace)['details'], {'name': 'one', 'kind': 'configmaps'})


@check
def says_what_is_invalid():
    status = refused(422, apps.create_namespaced_deployment, namespace, deployment('Not_A_Name'))
    equal(status['reason'], 'Invalid')
    assert 'metadata.name' in [cause['field'] for cause in status['details']['causes']], status


@check
def patches_in_four_ways():
    apps.create_namespaced_deployment(namespace, deployment('patched'))
    # A dict is a strategic merge patch, a list a JSON patch: containers merge by name.
    image = {'spec': {'template': {'spec': {'containers': [{'name': 'side', 'image': 'example/side:1'}]}}}}
    patched = apps.patch_namespaced_deployment('patched', namespace, image)
    equal([container.name for container in patched.spec.template.spec.containers], ['side', 'main'])
    patched = apps.patch_namespaced_deployment('patched', namespace, [{'op': 'replace', 'path': '/spec/replicas', 'value': 3}])
    equal(patched.spec.replicas, 3)
    dynamic_client = dynamic.DynamicClient(client.ApiClient())
    deployments = dynamic_client.resources.get(api_version='apps/v1', kind='Deployment')
    merged = deployments.patch(name='patched', namespace=namespace, body={'metadata': {'labels': {'merged': 'yes'}}}, content_type='application/merge-patch+json')
    equal(merged.metadata.labels.merged, 'yes')
    applied = deployments.patch(
        name='patched', namespace=namespace, content_type='application/apply-patch+yaml', field_manager='python', force_conflicts=True,
        body=json.dumps({'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': 'patched', 'annotations': {'applied': 'yes'}}}))
    equal(applied.metadata.annotations.applied, 'yes')
    assert any(entry.manager == 'python' and entry.operation == 'Apply' for entry in applied.metadata.managedFields), applied.metadata.managedFields


@check
def scales():
    apps.create_namespaced_deployment(namespace, deployment('scaled'))
    equal(apps.read_namespaced_deployment_scale('scaled', namespace).spec.replicas, 1)
    equal(apps.patch_namespaced_deployment_scale('scaled', namespace, {'spec': {'replicas': 4}}).spec.replicas, 4)
    scale = apps.read_namespaced_deployment_scale('scaled', namespace)
    scale.spec.replicas = 2
    equal(apps.replace_namespaced_deployment_scale('scaled', namespace, scale).spec.replicas, 2)
    equal(apps.read_namespaced_deployment('scaled', namespace).spec.replicas, 2)


@check
def lists_in_pages_and_by_selectors():
    for index in range(7):
        core.create_namespaced_config_map(namespace, config_map(f'page-{index}', labels={'page': 'yes', 'odd': str(index % 2)}))
    names, token = [], None
    while token != '':
        page = core.list_namespaced_config_map(namespace, label_selector='page=yes', limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ''
    equal(names, [f'page-{index}' for index in range(7)])
    equal(len(core.list_namespaced_config_map(namespace, label_selector='page,odd in (1)').items), 3)
    equal(len(core.list_config_map_for_all_namespaces(field_selector='metadata.name=page-3').items), 1)
    core.delete_collection_namespaced_config_map(namespace, label_selector='page=yes')
    equal(core.list_namespaced_config_map(namespace, label_selector='page=yes').items, [])


@check
def watches():
    start = core.list_namespaced_secret(namespace).metadata.resource_version
    core.create_namespaced_secret(namespace, client.V1Secret(metadata=client.V1ObjectMeta(name='seen'), string_data={'a': 'b'}))
    core.patch_namespaced_secret('seen', namespace, {'stringData': {'a': 'c'}})
    core.delete_namespaced_secret('seen', namespace)
    events = [(event['type'], event['object'].data) for event in watch.Watch().stream(core.list_namespaced_secret, namespace, resource_version=start, timeout_seconds=1)]
    equal(events, [('ADDED', {'a': 'Yg=='}), ('MODIFIED', {'a': 'Yw=='}), ('DELETED', {'a': 'Yw=='})])


@check
def starts_over_when_its_version_is_too_old():
    stream = watch.Watch()
    try:
        for _ in stream.stream(core.list_namespaced_secret, namespace, resource_version='1', timeout_seconds=1):
            pass
    except ApiException as expired:
        equal(expired.status, 410)


@check
def tries_without_doing():
    core.create_namespaced_config_map(namespace, config_map('dry'), dry_run='All', pretty='true', field_manager='python')
    refused(404, core.read_namespaced_config_map, 'dry', namespace)


@check
def creates_every_kind_from_yaml():
    utils.create_from_yaml(client.ApiClient(), sys.argv[2], namespace=namespace)
    equal(client.NetworkingV1Api().read_namespaced_ingress('web', namespace).spec.rules[0].http.paths[0].path_type, 'Prefix')
    autoscalers = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version='autoscaling/v2', kind='HorizontalPodAutoscaler')
    equal(autoscalers.get(name='web', namespace=namespace).spec.maxReplicas, 5)
    equal(client.AutoscalingV1Api().read_namespaced_horizontal_pod_autoscaler('web', namespace).spec.target_cpu_utilization_percentage, 70)
    equal(client.BatchV1Api().read_namespaced_cron_job('nightly', namespace).spec.schedule, '0 3 * * *')
    equal(client.PolicyV1Api().read_namespaced_pod_disruption_budget('web', namespace).spec.min_available, 1)
    equal(client.NetworkingV1Api().read_namespaced_network_policy('closed', namespace).spec.policy_types, ['Ingress'])
    equal(client.StorageV1Api().read_storage_class('python-local').volume_binding_mode, 'WaitForFirstConsumer')
    equal(client.SchedulingV1Api().read_priority_class('python-high').value, 1000)
    equal(client.RbacAuthorizationV1Api().read_namespaced_role('reader', namespace).rules[0].verbs, ['get'])
    equal(apps.read_namespaced_stateful_set('db', namespace).spec.update_strategy.type, 'RollingUpdate')
    equal(apps.read_namespaced_daemon_set('logs', namespace).spec.revision_history_limit, 10)
    equal(core.read_namespaced_limit_range('limits', namespace).spec.limits[0].type, 'Container')
    equal(core.read_namespaced_resource_quota('quota', namespace).spec.hard, {'pods': '10'})
    equal(client.CoordinationV1Api().read_namespaced_lease('leader', namespace).spec.holder_identity, 'me')


@check
def finds_kinds_by_discovery():
    equal(client.VersionApi().get_code().major, '1')
    assert 'apps' in [group.name for group in client.ApisApi().get_api_versions().groups]
    resources = dynamic.DynamicClient(client.ApiClient()).resources
    equal(resources.get(kind='Deployment', api_version='apps/v1').name, 'deployments')
    assert 'cm' in resources.get(kind='ConfigMap', api_version='v1').short_names


@check
def asks_what_it_may_do():
    attributes = client.V1ResourceAttributes(verb='delete', resource='pods', namespace=namespace)
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    equal(client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed, True)


@check
def is_what_its_token_says():
    core.create_namespaced_service_account(namespace, client.V1ServiceAccount(metadata=client.V1ObjectMeta(name='robot')))
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600))
    token = core.create_namespaced_service_account_token('robot', namespace, request).status.token
    robot = client.Configuration.get_default_copy()
    robot.cert_file = robot.key_file = None
    robot.api_key, robot.api_key_prefix = {'authorization': token}, {'authorization': 'Bearer'}
    as_robot = client.CoreV1Api(client.ApiClient(robot))
    message = refused(403, as_robot.list_namespaced_config_map, namespace)['message']
    assert f'User "system:serviceaccount:{namespace}:robot" cannot list resource "configmaps"' in message, message
    rbac = client.RbacAuthorizationV1Api()
    rbac.create_namespaced_role_binding(namespace, {
        'metadata': {'name': 'robot'}, 'roleRef': {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'ClusterRole', 'name': 'cluster-admin'},
        'subjects': [{'kind': 'ServiceAccount', 'name': 'robot', 'namespace': namespace}]})
    as_robot.list_namespaced_config_map(namespace)


@check
def keeps_custom_resources():
    group, plural = 'python.example.com', 'widgets'
    schema = {'type': 'object', 'properties': {'spec': {'type': 'object', 'properties': {
        'size': {'type': 'integer', 'minimum': 1}, 'colour': {'type': 'string', 'default': 'green'}}}}}
    client.ApiextensionsV1Api().create_custom_resource_definition({
        'metadata': {'name': f'{plural}.{group}'},
        'spec': {'group': group, 'scope': 'Namespaced', 'names': {'plural': plural, 'kind': 'Widget'},
                 'versions': [{'name': 'v1', 'served': True, 'storage': True, 'schema': {'openAPIV3Schema': schema}}]}})
    deadline = time.monotonic() + 10
    while not any(condition.type == 'Established' and condition.status == 'True'
                  for condition in client.ApiextensionsV1Api().read_custom_resource_definition(f'{plural}.{group}').status.conditions or []):
        assert time.monotonic() < deadline, 'is not established'
        time.sleep(0.05)
    place = (group, 'v1', namespace, plural)
    widget = {'apiVersion': f'{group}/v1', 'kind': 'Widget', 'metadata': {'name': 'first'}, 'spec': {'size': 3, 'unknown': True}}
    equal(custom.create_namespaced_custom_object(*place, widget)['spec'], {'size': 3, 'colour': 'green'})
    equal(custom.patch_namespaced_custom_object(*place, 'first', {'spec': {'size': 4}})['spec']['size'], 4)
    refused(422, custom.patch_namespaced_custom_object, *place, 'first', {'spec': {'size': 0}})
    equal(len(custom.list_namespaced_custom_object(*place)['items']), 1)
    custom.delete_namespaced_custom_object(*place, 'first')
    client.ApiextensionsV1Api().delete_custom_resource_definition(f'{plural}.{group}')


core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))
for function in checks:
    try:
        function()
        error = None
    except Exception:  # Every check is reported, whatever befalls it.
        error = traceback.format_exc()
    print(json.dumps({'name': function.__name__.replace('_', ' '), 'error': error}), flush=True)
