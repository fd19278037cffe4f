import { describe, expect, it } from 'vitest';
import { MutableResourceCatalog } from '../registry/resource-catalog.ts';
import { RequestMetrics } from './request-metrics.ts';
import { parseRequestInfo } from './request-info.ts';

const render = (metrics: RequestMetrics) => metrics.render({ startedAt: 5000, longRunning: () => 3, version: 'v1.36.0' }).split('\n');

describe('RequestMetrics', () => {
  it('counts and times what is done to each kind', () => {
    const metrics = new RequestMetrics(new MutableResourceCatalog());
    const get = parseRequestInfo('GET', '/api/v1/namespaces/a/pods/x', false);
    metrics.observe(get, 200, 3, false);
    metrics.observe(get, 200, 300, false);
    metrics.observe(get, 404, 70_000, false);
    const labels = 'component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"';
    const lines = render(metrics);
    expect(lines).toEqual(expect.arrayContaining([
      `apiserver_request_total{${labels},code="200"} 2`, `apiserver_request_total{${labels},code="404"} 1`,
      `apiserver_request_duration_seconds_bucket{${labels},le="0.005"} 1`, `apiserver_request_duration_seconds_bucket{${labels},le="0.2"} 1`,
      `apiserver_request_duration_seconds_bucket{${labels},le="0.4"} 2`, `apiserver_request_duration_seconds_bucket{${labels},le="60"} 2`,
      `apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} 3`, `apiserver_request_duration_seconds_count{${labels}} 3`,
      `apiserver_request_sli_duration_seconds_count{${labels}} 3`, 'apiserver_longrunning_requests 3', 'process_start_time_seconds 5',
    ]));
  });

  it('knows how many are under way', () => {
    const metrics = new RequestMetrics(new MutableResourceCatalog());
    const [end] = [metrics.begin(parseRequestInfo('GET', '/api/v1/pods', false)), metrics.begin(parseRequestInfo('DELETE', '/api/v1/pods', false))];
    const lines = () => render(metrics).filter((line) => line.startsWith('apiserver_current_inflight_requests{'));
    expect(lines()).toEqual(['apiserver_current_inflight_requests{request_kind="mutating"} 1', 'apiserver_current_inflight_requests{request_kind="readOnly"} 1']);
    end();
    expect(lines()).toEqual(['apiserver_current_inflight_requests{request_kind="mutating"} 1', 'apiserver_current_inflight_requests{request_kind="readOnly"} 0']);
  });

  it('does not time watches, and names streams CONNECT', () => {
    const metrics = new RequestMetrics(new MutableResourceCatalog());
    metrics.observe(parseRequestInfo('GET', '/api/v1/pods', true), 200, 1e6, false);
    metrics.observe(parseRequestInfo('POST', '/api/v1/namespaces/a/pods/x/exec', false), 101, 10, false);
    const lines = render(metrics).filter((line) => line.startsWith('apiserver_request_'));
    expect(lines.some((line) => line.includes('verb="WATCH"') && line.startsWith('apiserver_request_total'))).toBe(true);
    expect(lines.some((line) => line.includes('verb="WATCH"') && line.includes('duration'))).toBe(false);
    expect(lines.some((line) => line.includes('subresource="exec",verb="CONNECT"'))).toBe(true);
  });

  it('gives no label to what a stranger invents', () => {
    const metrics = new RequestMetrics(new MutableResourceCatalog());
    for (let index = 0; index < 5000; index++) {
      metrics.observe(parseRequestInfo('GET', `/apis/g${index}/v1/things/x`, false), 404, 1, false);
      metrics.observe(parseRequestInfo(`M${index}`, '/nothing', false), 404, 1, false);
    }
    expect(render(metrics).filter((line) => line.startsWith('apiserver_request_total{'))).toHaveLength(2);
  });
});
