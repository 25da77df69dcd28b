"""A pool of Beam workers for several task managers on one host. `python shared_pool.py PORT`

On a cluster each task manager has a pool to itself. Task managers number their workers from 1, and
what stops one names the number alone: a shared pool of Beam's would stop another's. Here a worker
is left to end by itself, which it does when its task manager closes the stream or dies.
"""

import sys
import threading

from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer


class SharedPool(BeamFnExternalWorkerPoolServicer):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.lock = threading.Lock()

    def StartWorker(self, start_worker_request, context):
        name, control = start_worker_request.worker_id, start_worker_request.control_endpoint.url
        with self.lock:
            answer = super().StartWorker(start_worker_request, context)
            started = self._worker_processes.pop(name, None)
            if started is not None:
                started.stdout.close()
                self._worker_processes[f"{name} of {control}"] = started
        return answer

    def StopWorker(self, stop_worker_request, context):
        with self.lock:
            for name, process in list(self._worker_processes.items()):
                if process.poll() is not None:  # reaped
                    del self._worker_processes[name]
        return super().StopWorker(stop_worker_request, context)


if __name__ == "__main__":
    _, server = SharedPool.start(use_process=True, port=int(sys.argv[1]))  # it ends with its name
    threading.Event().wait()
